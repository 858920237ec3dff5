import { z } from "zod";
import { parse, type Settings, type WrittenFlags, type WrittenSizing } from "./config";
import { masked } from "./configDiff";
import { configNamespace, configValue, ownEntries } from "./configKeys";
import { digest } from "../release/digest";
import { releaseSchema, type Release, type SlotRelease } from "../release/release";
import { describeIssues, knownKeys } from "../text/issues";
import { readMessage } from "./updateMessage";

const configValueSchema = z.object({
  value: z.string().optional(),
  secret: z.boolean().optional(),
  objectValue: z.unknown().optional(),
});
type ConfigValue = z.infer<typeof configValueSchema>;

const historyEntry = z.object({
  /** 0 for every entry on a file backend. */
  version: z.number().optional(),
  /** update, refresh, destroy, import, … */
  kind: z.string(),
  /** succeeded, failed, in-progress. */
  result: z.string(),
  /** ISO time. */
  startTime: z.string(),
  endTime: z.string().optional(),
  message: z.string().default(""),
  /** Keys with their namespace; a secret has no `value`. */
  config: z.record(z.string(), configValueSchema).default({}),
});
/** One entry of `pulumi stack history --json`; fields that are not listed are ignored. */
export type HistoryEntry = z.infer<typeof historyEntry>;

/** What Pulumi writes in the place of a value that the stack's secrets provider can no longer decrypt. */
const undecryptable = "ERROR_UNABLE_TO_DECRYPT";

/** Reads the output of `pulumi stack history --json`, newest first. Throws naming the entries and fields that are not as expected. */
export function parseHistory(value: unknown): HistoryEntry[] {
  const parsed = z.array(historyEntry).safeParse(value, { error: knownKeys });
  if (parsed.success) return parsed.data;
  const lines = describeIssues(parsed.error, value).map(({ path, message }) => `- ${path}: ${message}`);
  throw new Error(
    `\`pulumi stack history --json\` gave something else than entries:\n${lines.join("\n")}\nIs the pulumi on PATH 3.259 or newer? Run \`make doctor\`.`,
    { cause: parsed.error },
  );
}

/** How an update is named: `update 12`, or its start time where the backend numbers none. */
export const nameOf = (entry: HistoryEntry): string =>
  entry.version ? `update ${entry.version}` : entry.startTime;

/** An entry's whole config for a diff, every namespace; a secret's value is masked, for history has none of it. */
export const configOfEntry = (entry: HistoryEntry): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(entry.config).map(([key, held]) => [
      key.startsWith(configNamespace) ? key.slice(configNamespace.length) : key,
      held.secret ? masked : valueOf(held),
    ]),
  );

const valueOf = ({ objectValue, value = "" }: ConfigValue): unknown => objectValue ?? configValue(value);

/** The settings that an entry was made with, by today's schema, or every reason why not. */
export function settingsOf(
  entry: HistoryEntry,
): { ok: true; settings: Settings; written: KnownGood["written"] } | { ok: false; reasons: string[] } {
  const own = ownEntries(entry.config);
  const unreadable = own.flatMap(([key, held]) => {
    const why = whyUnreadable(held);
    return why ? [`\`${configNamespace}${key}\` ${why}`] : [];
  });
  if (unreadable.length > 0) return { ok: false, reasons: unreadable };
  const config = Object.fromEntries(own.map(([key, held]) => [key, valueOf(held)]));
  const parsed = parse(config);
  if (!parsed.ok) {
    const reasons = parsed.issues.map(({ path, message }) => `\`${configNamespace}${path}\` ${message}`);
    return { ok: false, reasons };
  }
  // The schema has accepted the config, so these two are what it takes.
  const { flags = {}, sizing } = config as { flags?: WrittenFlags; sizing: WrittenSizing };
  return { ...parsed, written: { flags, sizing } };
}

function whyUnreadable({ value, objectValue, secret }: ConfigValue): string | undefined {
  if (value === undecryptable) return "cannot be decrypted with today's secrets provider";
  if (value !== undefined || objectValue !== undefined) return undefined;
  return secret
    ? "holds a secret, so history has no value of it: keep secrets out of that key"
    : "has no value";
}

/** The release alone that an entry applied; undefined when it has none that can be read. */
export function releaseOf(entry: HistoryEntry): Release | undefined {
  const held = entry.config[`${configNamespace}release`];
  if (!held) return undefined;
  const parsed = releaseSchema.safeParse(valueOf(held), { error: knownKeys });
  return parsed.success ? parsed.data : undefined;
}

const succeeded = (entry: HistoryEntry): boolean => entry.kind === "update" && entry.result === "succeeded";

/** What {@link newestSucceeded} finds; `settings` is absent when today's schema refuses the entry's config. */
export interface Newest {
  entry: HistoryEntry;
  settings?: Settings;
  release?: Release | undefined;
}

/** The newest update that succeeded. A succeeded destroy ends what came before it: undefined, as on a first run. */
export function newestSucceeded(history: readonly HistoryEntry[]): Newest | undefined {
  for (const entry of history) {
    if (entry.kind === "destroy" && entry.result === "succeeded") return undefined;
    if (!succeeded(entry)) continue;
    const read = settingsOf(entry);
    const release = releaseOf(entry);
    return { entry, ...(read.ok && { settings: read.settings }), release };
  }
  return undefined;
}

/** An update that a rollback can go back to. */
export interface KnownGood {
  /** As {@link nameOf} has it. */
  name: string;
  /** ISO time. */
  startTime: string;
  /** Version tag of the live release. */
  version: string;
  /** Digest of the live release. */
  digest: string;
  /** The whole config of the update, defaults filled in. */
  settings: Settings;
  /** `flags` and `sizing` as that config had them, so that what is restored is what was written. */
  written: { flags: WrittenFlags; sizing: WrittenSizing };
  /** First line of the update's message. */
  message: string;
  /** Id of the operation that made it, where its message says so. */
  id?: string;
}

/** An update that is no target, and why. */
export interface Rejected {
  name: string;
  why: string;
  /** Version tag of its live release, where it can be read. */
  version?: string;
  /** `config`: today's schema refuses it; `refused`: its live digest is refused; `state`: the rest. */
  kind: "config" | "refused" | "state";
  id?: string;
}

/** Sorts a history into targets of a rollback and the rest, newest first, each rejected one with its reason. */
export function knownGood(
  history: readonly HistoryEntry[],
  refused: ReadonlySet<string>,
): { targets: KnownGood[]; rejected: Rejected[] } {
  const targets: KnownGood[] = [];
  const rejected: Rejected[] = [];
  for (const entry of history) {
    const { line, note } = readMessage(entry.message);
    const named = { name: nameOf(entry), ...(note && { id: note.id }) };
    const judged = judgeEntry(entry, refused);
    if (judged.kind === "good") {
      const { live, settings, written } = judged;
      const { version, image } = live;
      const { startTime } = entry;
      targets.push({ ...named, startTime, version, digest: digest(image), settings, written, message: line });
    } else {
      const release = releaseOf(entry);
      const version = release?.slots[release.live]?.version;
      rejected.push({ ...named, ...judged, ...(version && { version }) });
    }
  }
  return { targets, rejected };
}

function judgeEntry(
  entry: HistoryEntry,
  refused: ReadonlySet<string>,
):
  | Pick<Rejected, "kind" | "why">
  | ({ kind: "good"; live: SlotRelease } & Pick<KnownGood, "settings" | "written">) {
  const bad = (why: string): Pick<Rejected, "kind" | "why"> => ({ kind: "state", why });
  if (!succeeded(entry)) {
    const article = /^[aeiou]/.test(entry.kind) ? "an" : "a";
    const what = entry.result === "succeeded" ? "changes no release" : `is ${entry.result}`;
    return bad(`is ${article} ${entry.kind} that ${what}`);
  }
  const read = settingsOf(entry);
  if (!read.ok)
    return { kind: "config", why: `today's schema refuses its config: ${read.reasons.join("; ")}` };
  const { release } = read.settings;
  const live = release.slots[release.live];
  if (!live) return bad("has no live release");
  const given = digest(live.image);
  if (refused.has(given)) return { kind: "refused", why: `its live digest ${given} is refused` };
  if (release.validated !== given) return bad("its live release was not validated");
  if (release.canaryWeight > 0) return bad(`a canary had ${release.canaryWeight} % of the traffic`);
  if (release.traffic !== "open") return bad("traffic was paused");
  return { kind: "good", live, settings: read.settings, written: read.written };
}
