import type { Kind } from "./methods";
import type { Traffic } from "./traces";

/** One situation of a canary, at some rate of requests. */
export interface Case {
  name: string;
  /** Whether the canary is no worse than the live slot: then a rollback is a false one. */
  isEqual: boolean;
  /** What the compared methods look at. */
  kind: Kind;
  traffic: Omit<Traffic, "perSecond" | "seconds" | "canaryShare">;
}

const usual = { liveErrors: 0.001, canaryErrors: 0.001, liveSlow: 0.01, canarySlow: 0.01, cluster: 1 };

const percent = (share: number): string => `${100 * share} %`;

/** The same release in both slots, at a live error rate. */
const equal = (
  errors: number,
  more: { cluster?: number; burst?: NonNullable<Traffic["burst"]> } = {},
): Case => ({
  name: [
    `equal, ${percent(errors)} errors`,
    more.cluster ? `in clusters of ${more.cluster}` : "",
    more.burst ? `with a burst of ${percent(more.burst.errors)} for ${more.burst.seconds} s on both` : "",
  ]
    .filter(Boolean)
    .join(" "),
  isEqual: true,
  kind: "errors",
  traffic: { ...usual, liveErrors: errors, canaryErrors: errors, ...more },
});

const worse = (errors: number): Case => ({
  name: `${percent(errors)} errors`,
  isEqual: false,
  kind: "errors",
  traffic: { ...usual, canaryErrors: errors },
});

const rates = [0.001, 0.005, 0.02];
const bursts = [
  { seconds: 60, errors: 0.03 },
  { seconds: 10, errors: 0.4 },
];

/** Every situation that the gate is measured in. */
export const cases: Case[] = [
  ...rates.flatMap((errors) => [
    equal(errors),
    ...bursts.map((burst) => equal(errors, { burst })),
    ...[3, 5].map((cluster) => equal(errors, { cluster })),
  ]),
  ...[0.02, 0.05, 0.5].map(worse),
  {
    name: "slow requests 10 %",
    isEqual: false,
    kind: "slow",
    traffic: { ...usual, canarySlow: 0.1 },
  },
];
