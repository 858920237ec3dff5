import { createHash } from "node:crypto";
import type { Settings } from "../stack/config";
import type { Flag } from "./flagConfig";
import { heldMark, holdText } from "./heldFlags";

/** A flag as flagd's format has it; the application's evaluator reads it from its parameter. */
export interface FlagdFlag {
  state: "ENABLED";
  variants: { on: true; off: false };
  /** Off, so that whatever the rules do not name is off. */
  defaultVariant: "off";
  /** JsonLogic rule that gives the variant; absent: off for everybody. */
  targeting?: Record<string, unknown>;
  /** For people who look at the parameter: owner, expiry, and why it is off. */
  metadata: Record<string, string>;
}

/** Buckets that people fall into, so that a percentage has three decimals. */
const buckets = 100_000;

/**
 * Name of the attribute of the evaluation context that holds {@link bucketOf}, a number. Who has none is in no share.
 */
const bucketName = "bucket";

/**
 * Bucket of a person for one flag, 0 to 99,999: the first four bytes of SHA-256 of `<flag>/<person>` as a number, scaled
 * down. The application computes it, in the same way, and gives it to the evaluator, because flagd's own `fractional` hashes
 * differently from one version of its libraries to the next: an update of the library would deal all people anew, and
 * two slots of a canary would disagree about one person (docs/adr/0013).
 */
export function bucketOf(flag: string, person: string): number {
  const first = createHash("sha256").update(`${flag}/${person}`).digest().readUInt32BE(0);
  return Math.floor((first * buckets) / 2 ** 32);
}

/** What a flag's publication depends on besides its own config. */
export interface FlagConditions {
  /** Whether the live release is the one that was validated. */
  validatedIsLive: boolean;
  /** Whether the database has a revision, or is being taken to it; a downgrade's update has already left it. */
  hasRevision: (revision: string) => boolean;
}

/**
 * The flags as published. A held flag is off; so is one whose revision the database has not, and one of high risk while
 * the live digest is not validated (A2).
 * Otherwise: its roles and cohorts have it, and of everybody else those whose bucket is below the percentage, so that
 * raising it only adds people (A3). At 100 % everybody has it.
 */
export function flagsAsPublished(
  flags: Settings["flags"],
  held: Settings["heldFlags"],
  conditions: FlagConditions,
): Map<string, FlagdFlag> {
  return new Map(
    Object.entries(flags).map(([name, flag]) => {
      const off = whyOff(name, flag, held, conditions);
      const targeting = off === undefined ? rule(flag) : undefined;
      return [
        name,
        {
          state: "ENABLED",
          variants: { on: true, off: false },
          defaultVariant: "off",
          ...(targeting && { targeting }),
          metadata: {
            owner: flag.owner,
            expires: flag.expires,
            risk: flag.risk,
            ...(off && { off: off.text }),
            ...(held[name] && { [heldMark]: holdText(held[name]) }),
          },
        },
      ];
    }),
  );
}

/** Why a flag is published off. */
export interface OffReason {
  kind: "held" | "revision" | "not-validated";
  /** For people. */
  text: string;
}

/** Says why a flag is published off; undefined when it is published as its config says. */
export function whyOff(
  name: string,
  flag: Flag,
  held: Settings["heldFlags"],
  { validatedIsLive, hasRevision }: FlagConditions,
): OffReason | undefined {
  const hold = held[name];
  if (hold) return { kind: "held", text: `held: ${holdText(hold)}` };
  if (flag.revision !== undefined && !hasRevision(flag.revision))
    return { kind: "revision", text: `the database does not have revision ${flag.revision}` };
  if (flag.risk === "high" && !validatedIsLive)
    return { kind: "not-validated", text: "the live release is not validated" };
  return undefined;
}

function rule(flag: Flag): Record<string, unknown> | undefined {
  if (flag.percentage >= 100) return { if: [true, "on", "off"] };
  const named = [
    ...(flag.roles.length > 0 ? [{ in: [{ var: "role" }, flag.roles] }] : []),
    ...(flag.cohorts.length > 0 ? [{ in: [{ var: "cohort" }, flag.cohorts] }] : []),
  ];
  const on = Math.round((flag.percentage * buckets) / 100);
  // Without a bucket the comparison is with the number of buckets, which is below nothing.
  const share = on > 0 ? { if: [{ "<": [{ var: [bucketName, buckets] }, on] }, "on", "off"] } : "off";
  if (named.length === 0) return typeof share === "string" ? undefined : share;
  return { if: [named.length === 1 ? named[0] : { or: named }, "on", share] };
}
