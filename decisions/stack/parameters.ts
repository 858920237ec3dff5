import { z } from "zod";
import { releaseSchema, type Release } from "./config";
import { digestOfHex, liveDigest } from "../release/digest";
import { downgradeEvidence, type DowngradeEvidence } from "../database/downgrades";
import { describeIssues, knownKeys } from "./issues";
import { protectionStateSchema, type ProtectionState } from "../approval/protectionState";
import { noticeSchema, type Notice } from "../approval/irreversibleChange";
import { heldMark, holdReleaseSchema as holdRelease, type HoldRelease } from "../flags/heldFlags";
import type { Lease } from "./lease";
import { parameterRoot, slots } from "./names";
import { drillRecord, type Drills } from "../recovery/drill";
import type { TransitionFacts } from "../release/transition";

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

/** A recovery point, with when it was completed. */
const recoveryPoint = z.object({ at: z.iso.datetime({ offset: true }) });

const lease = z.object({
  id: z.string(),
  operation: z.string(),
  version: z.string().optional(),
  actor: z.string(),
  host: z.string(),
  pid: z.number(),
  since: z.string(),
  heartbeat: z.string(),
  cancelled: z.boolean().optional(),
});

/** A stack's parameters as typed facts. */
export interface Published {
  /** The release as applied; undefined before the first `up`. */
  release?: Release;
  /** By digest. */
  refused: Map<string, Refusal>;
  killSwitch?: KillSwitch;
  lease?: Lease;
  /** By the serial that was published while the canary was judged. */
  verdicts: Map<number, GateVerdict>;
  /** By the serial of the step that it is for. */
  overrides: Map<number, Override>;
  /** Digests whose validation passed on this stack. */
  validated: Set<string>;
  /** What the newest update left in force against irreversible changes; undefined: none has yet. */
  guard?: ProtectionState;
  /** Notices to guardians by the change that they told of. */
  notices: Map<string, Notice>;
  /** The newest drill of point-in-time recovery. */
  drill?: { at: string; ok: boolean };
  /** ISO time of the newest recovery point that a command has seen. */
  recoveryPoint?: string;
  /** Drills of point-in-time recovery. */
  drills: Drills;
  /** Flags that are published as held, by name, with the reason. */
  held: Map<string, string>;
  /** A person's word that a held flag may be published again, by flag. */
  holdReleases: Map<string, HoldRelease>;
  /** Revisions that this stack's database was taken down from and up to again (B5). */
  downgrades: Map<string, DowngradeEvidence>;
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
  const faults: string[] = [];
  for (const [path, value] of values) {
    if (!path.startsWith(root)) continue;
    const [kind = "", ...rest] = path.slice(root.length).split("/");
    const read = <T>(schema: z.ZodType<T>): T | undefined => {
      try {
        const parsed = schema.safeParse(JSON.parse(value), { error: knownKeys });
        if (parsed.success) return parsed.data;
        for (const fault of describeIssues(parsed.error, JSON.parse(value)))
          faults.push(`${path}: \`${fault.path}\` ${fault.message}`);
      } catch (error) {
        faults.push(`${path}: is not JSON: ${(error as Error).message}`);
      }
      return undefined;
    };
    const serial = (): number | undefined => {
      if (/^\d+$/.test(rest[1] ?? "")) return Number(rest[1]);
      faults.push(`${path}: must end with the serial of a step`);
      return undefined;
    };
    const keep = <T>(into: Map<number, T>, schema: z.ZodType<T>) => {
      const at = serial();
      const entry = read(schema);
      if (at !== undefined && entry) into.set(at, entry);
    };
    if (kind === "release") published.release = read(releaseSchema);
    else if (kind === "kill-switch") published.killSwitch = read(killSwitch);
    else if (kind === "lease") published.lease = read(lease);
    else if (kind === "refused") {
      const entry = read(refusal);
      if (entry) published.refused.set(digestOfHex(rest.join("/")), entry);
    } else if (kind === "flags") {
      const hold = holdOf(value);
      if (hold !== undefined) published.held.set(rest.join("/"), hold);
    } else if (kind === "evidence" && rest[0] === "released-flag") {
      const entry = read(holdRelease);
      if (entry) published.holdReleases.set(entry.flag, entry);
    } else if (kind === "evidence" && rest[0] === "verdict") keep(published.verdicts, gateVerdict);
    else if (kind === "evidence" && rest[0] === "override") keep(published.overrides, override);
    else if (kind === "guard") published.guard = read(protectionStateSchema);
    else if (kind === "evidence" && rest[0] === "drill" && (rest[1] === "last" || rest[1] === "passed"))
      published.drills[rest[1]] = read(drillRecord);
    else if (kind === "evidence" && rest[0] === "recovery-point" && rest[1] === "last")
      published.recoveryPoint = read(recoveryPoint)?.at;
    else if (kind === "evidence" && rest[0] === "notice") {
      const notice = read(noticeSchema);
      if (notice) published.notices.set(rest[1] ?? "", notice);
    } else if (kind === "evidence" && rest[0] === "validated")
      published.validated.add(digestOfHex(rest[1] ?? ""));
    else if (kind === "evidence" && rest[0] === "downgrade") {
      const entry = read(downgradeEvidence);
      if (entry) published.downgrades.set(rest[1] ?? "", entry);
    }
  }
  if (published.drills.last) published.drill = published.drills.last;
  if (faults.length > 0)
    throw new Error(
      `These parameters cannot be read, so nothing is decided on them:\n${faults.map((fault) => `- ${fault}`).join("\n")}\nCorrect or delete them (aws ssm get-parameter, put-parameter), then run the command again.`,
    );
  return published;
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

/** What the program cannot read from the parameters. */
export interface PromotionSource {
  /** Whether `promotedFrom` is set. */
  requiresStaging: boolean;
  /** Digest that the stack before this one validated; "" or absent: none or not known. */
  stagingValidated?: string;
  /** Revision -> SHA-256 of its file, as the stack before this one took it down and up again; absent: not known. */
  stagingDowngraded?: ReadonlyMap<string, string>;
}

/** The facts for the step that makes `next` of the published release. Used by the program and by commands alike. */
export function transitionFacts(
  published: Published,
  next: Release,
  staging: PromotionSource,
): TransitionFacts {
  const judged = published.release?.serial;
  const verdict = judged === undefined ? undefined : published.verdicts.get(judged);
  const given = published.overrides.get(next.serial);
  const knownGood = new Set(published.validated);
  const proven = published.release?.validated;
  if (proven && published.release && liveDigest(published.release)) knownGood.add(proven);
  return {
    refused: new Set(published.refused.keys()),
    whyRefused: new Map([...published.refused].map(([digest, why]) => [digest, describeRefusal(why)])),
    knownGood,
    requiresStaging: staging.requiresStaging,
    stagingValidated: staging.stagingValidated,
    ...(verdict &&
      judged !== undefined && {
        verdict: { digest: verdict.digest, verdict: verdict.verdict, serial: judged },
      }),
    ...(given && {
      override: { check: given.check, actor: given.actor, reason: given.reason, serial: next.serial },
    }),
  };
}
