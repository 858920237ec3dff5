import { z } from "zod";
import {
  parse,
  releaseSchema,
  type Release,
  type Settings,
  type WrittenFlags,
  type WrittenSizing,
} from "./config";
import { masked } from "./configDiff";
import { configNamespace, configValue, ownEntries } from "./configKeys";
import { digest, liveDigest } from "../release/digest";
import { describeIssues, knownKeys } from "../text/issues";
import { readMessage } from "./updateMessage";

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
  config: z
    .record(
      z.string(),
      z.object({
        value: z.string().optional(),
        secret: z.boolean().optional(),
        objectValue: z.unknown().optional(),
      }),
    )
    .default({}),
});
/** One entry of `pulumi stack history --json`; fields that are not listed are ignored. */
export type HistoryEntry = z.infer<typeof historyEntry>;

/** What Pulumi writes in the place of a value that the stack's secrets provider can no longer decrypt. */
export const undecryptable = "ERROR_UNABLE_TO_DECRYPT";

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

/** The raw config of an entry, keys without the namespace, or why it cannot be read. */
function configOf(
  entry: HistoryEntry,
): { ok: true; config: Record<string, unknown> } | { ok: false; reasons: string[] } {
  const config: Record<string, unknown> = {};
  const reasons: string[] = [];
  for (const [name, held] of ownEntries(entry.config)) {
    const key = configNamespace + name;
    if (held.value === undefined && held.objectValue === undefined) {
      reasons.push(
        held.secret
          ? `\`${key}\` holds a secret, so history has no value of it: keep secrets out of that key`
          : `\`${key}\` has no value`,
      );
      continue;
    }
    if (held.value === undecryptable) {
      reasons.push(`\`${key}\` cannot be decrypted with today's secrets provider`);
      continue;
    }
    config[name] = valueOf(held);
  }
  return reasons.length > 0 ? { ok: false, reasons } : { ok: true, config };
}

/** An entry's whole config for a diff, every namespace; a secret's value is masked, for history has none of it. */
export const configOfEntry = (entry: HistoryEntry): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(entry.config).map(([key, held]) => [
      key.startsWith(configNamespace) ? key.slice(configNamespace.length) : key,
      held.secret ? masked : valueOf(held),
    ]),
  );

const valueOf = ({ objectValue, value = "" }: HistoryEntry["config"][string]): unknown =>
  objectValue ?? configValue(value);

/** The settings that an entry was made with, by today's schema, or every reason why not. */
export function settingsOf(
  entry: HistoryEntry,
): { ok: true; settings: Settings; written: KnownGood["written"] } | { ok: false; reasons: string[] } {
  const read = configOf(entry);
  if (!read.ok) return read;
  const parsed = parse(read.config);
  // The schema has accepted the config, so these two are what it takes.
  const { flags = {}, sizing } = read.config as { flags?: WrittenFlags; sizing: WrittenSizing };
  if (parsed.ok) return { ...parsed, written: { flags, sizing } };
  return {
    ok: false,
    reasons: parsed.issues.map(({ path, message }) => `\`${configNamespace}${path}\` ${message}`),
  };
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
  /** `update 12`, or the start time where the backend numbers none. */
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
    const name = nameOf(entry);
    const { line, note } = readMessage(entry.message);
    const release = releaseOf(entry);
    const version = release?.slots[release.live]?.version;
    const reject = (kind: Rejected["kind"], why: string) =>
      rejected.push({ name, why, kind, ...(version && { version }), ...(note && { id: note.id }) });
    if (!succeeded(entry)) {
      reject(
        "state",
        `is ${/^[aeiou]/.test(entry.kind) ? "an" : "a"} ${entry.kind} that ${entry.result === "succeeded" ? "changes no release" : `is ${entry.result}`}`,
      );
      continue;
    }
    const read = settingsOf(entry);
    if (!read.ok) {
      reject("config", `today's schema refuses its config: ${read.reasons.join("; ")}`);
      continue;
    }
    const applied = read.settings.release;
    const live = applied.slots[applied.live];
    const why = whyNotGood(applied, refused);
    if (why || !live) reject(why?.kind ?? "state", why?.why ?? "has no live release");
    else
      targets.push({
        name,
        startTime: entry.startTime,
        version: live.version,
        digest: digest(live.image),
        settings: read.settings,
        written: read.written,
        message: line,
        ...(note && { id: note.id }),
      });
  }
  return { targets, rejected };
}

function whyNotGood(
  release: Release,
  refused: ReadonlySet<string>,
): { kind: Rejected["kind"]; why: string } | undefined {
  const live = liveDigest(release);
  if (!live) return { kind: "state", why: "has no live release" };
  if (refused.has(live)) return { kind: "refused", why: `its live digest ${live} is refused` };
  if (release.validated !== live) return { kind: "state", why: "its live release was not validated" };
  if (release.canaryWeight > 0)
    return { kind: "state", why: `a canary had ${release.canaryWeight} % of the traffic` };
  if (release.traffic !== "open") return { kind: "state", why: "traffic was paused" };
  return undefined;
}
