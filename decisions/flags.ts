import type { Flag, Settings } from "./config";

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

/** Weights of a fractional rollout add up to this, so that a percentage has three decimals. */
const weightSum = 100_000;

/**
 * The flags as published. A held flag is off; so is one of high risk while the live digest is not validated (A2).
 * Otherwise: its roles and cohorts have it, and a share of everybody else by a stable hash of flag name and
 * `targetingKey`, of which raising the percentage only adds people (A3). At 100 % everybody has it.
 */
export function publish(
  flags: Settings["flags"],
  held: Settings["heldFlags"],
  { validatedIsLive }: { validatedIsLive: boolean },
): Map<string, FlagdFlag> {
  return new Map(
    Object.entries(flags).map(([name, flag]) => {
      const off = whyOff(name, flag, held, validatedIsLive);
      const targeting = off === undefined ? rule(flag) : undefined;
      return [
        name,
        {
          state: "ENABLED",
          variants: { on: true, off: false },
          defaultVariant: "off",
          ...(targeting && { targeting }),
          metadata: { owner: flag.owner, expires: flag.expires, risk: flag.risk, ...(off && { off }) },
        },
      ];
    }),
  );
}

function whyOff(
  name: string,
  flag: Flag,
  held: Settings["heldFlags"],
  validatedIsLive: boolean,
): string | undefined {
  const hold = held[name];
  if (hold) return `held: ${hold.reason}`;
  if (flag.risk === "high" && !validatedIsLive) return "the live release is not validated";
  return undefined;
}

function rule(flag: Flag): Record<string, unknown> | undefined {
  if (flag.percentage >= 100) return { if: [true, "on", "off"] };
  const named = [
    ...(flag.roles.length > 0 ? [{ in: [{ var: "role" }, flag.roles] }] : []),
    ...(flag.cohorts.length > 0 ? [{ in: [{ var: "cohort" }, flag.cohorts] }] : []),
  ];
  const on = Math.round((flag.percentage * weightSum) / 100);
  const share =
    on > 0
      ? {
          fractional: [
            ["on", on],
            ["off", weightSum - on],
          ],
        }
      : "off";
  if (named.length === 0) return typeof share === "string" ? undefined : share;
  return { if: [named.length === 1 ? named[0] : { or: named }, "on", share] };
}
