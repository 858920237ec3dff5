import { z } from "zod";
import { releaseSchema, type Release } from "./config";
import { digestOfHex, liveDigest } from "../release/digest";
import { downgradeEvidence, type DowngradeEvidence } from "../database/downgrades";
import { issueLines, knownKeys } from "../text/issues";
import { protectionStateSchema, type ProtectionState } from "../approval/protectionState";
import { noticeSchema, type Notice } from "../approval/irreversibleChange";
import { heldMark, holdReleaseSchema, type HoldRelease } from "../flags/heldFlags";
import { leaseSchema, type Lease } from "./lease";
import { parameterRoot, slots } from "./names";
import { drillRecord, type Drills } from "../recovery/drill";
import type { PromotionSource, TransitionFacts } from "../release/transitionFacts";

const refusal = z.object({
  digest: z.string(),
  reason: z.string(),
  actor: z.string(),
  /** Incident that the refusal belongs to. */
  incident: z.string().optional(),
  /** ISO time. */
  at: z.string(),
});
/** Why a digest may not get traffic. */
export type Refusal = z.infer<typeof refusal>;

/** Why a digest is refused, for people, without the time: where that stands beside it. */
export const refusedBy = ({ reason, actor, incident }: Omit<Refusal, "digest">, when = ""): string =>
  `refused by ${actor}${when}${incident === undefined ? "" : ` for incident ${incident}`}: ${reason}`;

/** Who refused a digest, since when, why, and for which incident, in one line. */
export const describeRefusal = (refusal: Omit<Refusal, "digest">): string =>
  refusedBy(refusal, ` at ${refusal.at}`);

const killSwitch = z.object({
  flags: z.literal("off"),
  /** Slots whose workers stop. */
  workers: z.array(z.enum(slots)),
  reason: z.string(),
  at: z.string(),
});
/** While it exists, risky flags are off and the named slots' workers stop. */
export type KillSwitch = z.infer<typeof killSwitch>;

const gateVerdict = z.object({
  digest: z.string(),
  verdict: z.string(),
  at: z.string(),
  figures: z.unknown().optional(),
});
/** The gate's verdict on a canary; its path names the serial that was published while it was judged. */
export type GateVerdict = z.infer<typeof gateVerdict>;

const override = z.object({
  check: z.string(),
  actor: z.string().min(1),
  reason: z.string().min(1),
  at: z.string(),
});
/** A person's override; its path names the serial of the step that it is for. */
export type Override = z.infer<typeof override>;

/** When a recovery point was completed. */
const recoveryPoint = z.object({ at: z.iso.datetime({ offset: true }) });

/** A stack's parameters as typed facts. */
export interface Published {
  /** The release as applied; undefined before the first `up`. */
  release?: Release | undefined;
  /** By digest. */
  refused: Map<string, Refusal>;
  killSwitch?: KillSwitch | undefined;
  lease?: Lease | undefined;
  /** By the serial that was published while the canary was judged. */
  verdicts: Map<number, GateVerdict>;
  /** By the serial of the step that it is for. */
  overrides: Map<number, Override>;
  /** Digests whose validation passed on this stack. */
  validated: Set<string>;
  /** What the newest update left in force against irreversible changes; undefined: none has yet. */
  guard?: ProtectionState | undefined;
  /** Notices to guardians, by the change that they announced. */
  notices: Map<string, Notice>;
  /** The newest of {@link drills}. */
  drill?: { at: string; ok: boolean };
  /** ISO time of the newest recovery point that a command has seen. */
  recoveryPoint?: string | undefined;
  /** Drills of point-in-time recovery. */
  drills: Drills;
  /** Flags that are published as held, by name, with the reason. */
  held: Map<string, string>;
  /** Releases of held flags by a person, by flag. */
  holdReleases: Map<string, HoldRelease>;
  /** Revisions that this stack's database was taken down from and up to again (B5). */
  downgrades: Map<string, DowngradeEvidence>;
}

/** One parameter as a reader gets it. Each returns undefined, and notes an issue, where the value is not what it must be. */
interface Entry {
  /** What follows the reader's own path, without the slash before it; "" where nothing does. */
  rest: string;
  value: string;
  read: <T>(schema: z.ZodType<T>) => T | undefined;
  /** The serial of a step that {@link rest} must be. */
  serial: () => number | undefined;
}

type Reader = (published: Published, entry: Entry) => void;

/** Keeps what `schema` reads under a serial. */
const bySerial =
  <T>(into: (published: Published) => Map<number, T>, schema: z.ZodType<T>): Reader =>
  (published, { read, serial }) => {
    const at = serial();
    const found = read(schema);
    if (at !== undefined && found) into(published).set(at, found);
  };

/** Keeps what `schema` reads under a key made of it and of the path's rest. Default: the rest itself. */
const byKey =
  <T>(
    into: (published: Published) => Map<string, T>,
    schema: z.ZodType<T>,
    keyOf = (rest: string, _found: T) => rest,
  ): Reader =>
  (published, { rest, read }) => {
    const found = read(schema);
    if (found) into(published).set(keyOf(rest, found), found);
  };

/** What is read below a stack's root, by path. Paths that are not here are other people's, and are left alone. */
const readers: Record<string, Reader> = {
  release: (published, { read }) => (published.release = read(releaseSchema)),
  "kill-switch": (published, { read }) => (published.killSwitch = read(killSwitch)),
  lease: (published, { read }) => (published.lease = read(leaseSchema)),
  guard: (published, { read }) => (published.guard = read(protectionStateSchema)),
  refused: byKey(({ refused }) => refused, refusal, digestOfHex),
  flags(published, { rest, value }) {
    const hold = holdOf(value);
    if (hold !== undefined) published.held.set(rest, hold);
  },
  "evidence/released-flag": byKey(
    ({ holdReleases }) => holdReleases,
    holdReleaseSchema,
    (_, { flag }) => flag,
  ),
  "evidence/verdict": bySerial(({ verdicts }) => verdicts, gateVerdict),
  "evidence/override": bySerial(({ overrides }) => overrides, override),
  "evidence/drill/last": ({ drills }, { read }) => (drills.last = read(drillRecord)),
  "evidence/drill/passed": ({ drills }, { read }) => (drills.passed = read(drillRecord)),
  "evidence/recovery-point/last": (published, { read }) =>
    (published.recoveryPoint = read(recoveryPoint)?.at),
  "evidence/notice": byKey(({ notices }) => notices, noticeSchema),
  "evidence/validated": ({ validated }, { rest }) => validated.add(digestOfHex(rest)),
  "evidence/downgrade": byKey(({ downgrades }) => downgrades, downgradeEvidence),
};

/** The reader whose path `path` is or lies below, with what follows it. */
function readerOf(path: string): { reader: Reader; rest: string } | undefined {
  for (const [own, reader] of Object.entries(readers))
    if (path === own || path.startsWith(`${own}/`)) return { reader, rest: path.slice(own.length + 1) };
  return undefined;
}

/**
 * Turns the flat map path -> value below a stack's root into facts. An empty map is a first run.
 * Throws one error that names every path whose value is unreadable: a safety fact that cannot be read is not absent.
 */
export function readParameters(stack: string, values: ReadonlyMap<string, string>): Published {
  const root = parameterRoot(stack);
  const published: Published = {
    refused: new Map(),
    verdicts: new Map(),
    overrides: new Map(),
    validated: new Set(),
    notices: new Map(),
    drills: {},
    held: new Map(),
    holdReleases: new Map(),
    downgrades: new Map(),
  };
  const issues: string[] = [];
  for (const [path, value] of values) {
    const found = path.startsWith(root) ? readerOf(path.slice(root.length)) : undefined;
    found?.reader(published, entryAt(path, found.rest, value, issues));
  }
  if (published.drills.last) published.drill = published.drills.last;
  if (issues.length > 0)
    throw new Error(
      `These parameters cannot be read, so nothing is decided on them:\n${issues.map((issue) => `- ${issue}`).join("\n")}\nCorrect or delete them (aws ssm get-parameter, put-parameter), then run the command again.`,
    );
  return published;
}

function entryAt(path: string, rest: string, value: string, issues: string[]): Entry {
  return {
    rest,
    value,
    read(schema) {
      try {
        const json: unknown = JSON.parse(value);
        const parsed = schema.safeParse(json, { error: knownKeys });
        if (parsed.success) return parsed.data;
        issues.push(...issueLines(path, parsed.error, json));
      } catch (error) {
        issues.push(`${path}: is not JSON: ${(error as Error).message}`);
      }
      return undefined;
    },
    serial() {
      if (/^\d+$/.test(rest)) return Number(rest);
      issues.push(`${path}: must end with the serial of a step`);
      return undefined;
    },
  };
}

/** Why a published flag is held. One that cannot be read is off in the application, and the next update writes it anew. */
function holdOf(value: string): string | undefined {
  try {
    const { metadata } = JSON.parse(value) as { metadata?: Record<string, unknown> };
    const hold = metadata?.[heldMark];
    return typeof hold === "string" ? hold : undefined;
  } catch {
    return undefined;
  }
}

/** The facts for the step that makes `next` of the published release. Used by the program and by commands alike. */
export function transitionFacts(
  { release, refused, validated, verdicts, overrides }: Published,
  next: Release,
  { requiresStaging, promotedFrom, stagingValidated }: PromotionSource,
): TransitionFacts {
  const verdict = release && verdicts.get(release.serial);
  const override = overrides.get(next.serial);
  const knownGood = new Set(validated);
  if (release?.validated && liveDigest(release)) knownGood.add(release.validated);
  return {
    refused: new Set(refused.keys()),
    whyRefused: new Map([...refused].map(([digest, why]) => [digest, describeRefusal(why)])),
    knownGood,
    requiresStaging,
    promotedFrom,
    stagingValidated,
    ...(verdict && {
      verdict: { digest: verdict.digest, verdict: verdict.verdict, serial: release.serial },
    }),
    ...(override && { override: { ...override, serial: next.serial } }),
  };
}
