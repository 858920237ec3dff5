import type { z } from "zod";
import type { Objective, ServiceCounts, ServiceWindows } from "./errorBudget";
import type { gateSchema } from "./gateConfig";
import type { RecentInterval } from "./hardStop";
import { errorSignal, jobSignal, slowSignal } from "./limits";
import { startLoadBalancerErrors, type LoadBalancerErrors } from "./loadBalancerErrors";
import type { SlotCounts, TargetCounts, Unknown } from "./observation";
import { startTest, type RatioTest, type Tally } from "./statistics/ratioTest";

/** What the gate goes by, from the stack's config. */
export interface GateSettings {
  gate: z.infer<typeof gateSchema>;
  slo: Objective;
  /** Checks that a person overrode by name and with a reason. `budget`: promote though the error budget forbids it. */
  overridden?: readonly "budget"[];
}

/** Requests and errors of the canary in one minute, and of the live slot in the same. */
export interface MinuteCounts extends ServiceCounts {
  /** Minutes since 1970. */
  minute: number;
  live: ServiceCounts;
}

/** All that the gate remembers. Plain JSON: a deploy that was killed goes on from it. */
export interface GateState {
  /** `bake`: the canary was promoted, has all the traffic, and the old slot stands by. */
  mode: "canary" | "bake";
  /** When the canary got its traffic, milliseconds since 1970. */
  since?: number;
  /** End of the newest interval judged. */
  at?: number;
  /** Seconds with known metrics after the warm-up. */
  knownSeconds: number;
  /** What the live slot had before the canary, if it was looked at. */
  before: SlotCounts;
  /** What the slots had while metrics were known, warm-up included. */
  totals: { canary: SlotCounts; live: SlotCounts; canaryJobs: Tally; liveJobs: Tally };
  /** Share of errors and of slow requests that the live slot had before a promotion; in a bake there is no one to compare with. */
  usual?: { errors: number; slow: number };
  tests: { errors: RatioTest; slow: RatioTest; jobs: RatioTest };
  loadBalancer: LoadBalancerErrors;
  recent: RecentInterval[];
  /** The last five minutes, for the canary's burn rate. */
  minutes: MinuteCounts[];
  /** How long fewer than half of the canary's targets have been healthy. */
  halfDeadSeconds: number;
  /** How long the canary has had no request though the live slot had. */
  silentSeconds: number;
  /** What the newest interval left unknown. */
  unknown: string[];
  targets: { canary: TargetCounts | Unknown; live: TargetCounts | Unknown };
  service?: { at: number; windows: ServiceWindows };
  /** Why the canary is rolled back. It stays so, whatever comes later. */
  rollback?: string[];
}

/** Longest time that a canary, or a bake, is judged, seconds. */
export const longestSeconds = ({ mode }: Pick<GateState, "mode">, { gate }: GateSettings): number =>
  mode === "bake" ? gate.bakeMinutes * 60 : gate.deadlineSeconds;

const noJobs = (): Tally => ({ total: 0, failed: 0 });
const none = (): SlotCounts => ({ requests: 0, errors: 0, slow: 0 });

const startTests = ({ slo }: GateSettings): GateState["tests"] => ({
  errors: startTest(errorSignal(slo.objective)),
  slow: startTest(slowSignal),
  jobs: startTest(jobSignal),
});

/** The state of a canary that nothing is known of yet. */
export const startGate = (settings: GateSettings): GateState => ({
  mode: "canary",
  knownSeconds: 0,
  before: none(),
  totals: { canary: none(), live: none(), canaryJobs: noJobs(), liveJobs: noJobs() },
  tests: startTests(settings),
  loadBalancer: startLoadBalancerErrors(),
  recent: [],
  minutes: [],
  halfDeadSeconds: 0,
  silentSeconds: 0,
  unknown: ["metrics"],
  targets: { canary: "unknown", live: "unknown" },
});

/**
 * The state after a promotion: the same slot is still judged as `canary`, now with all the traffic and for `bakeMinutes`.
 * The other slot has no requests to compare with, so the share that it had during the canary takes its place.
 */
export function startBake(state: GateState, settings: GateSettings): GateState {
  const { live } = state.totals;
  // Two deviations above what was seen: a live slot that had luck must not get its successor flipped back.
  const upper = (count: number) =>
    live.requests > 0 ? (count + 2 * Math.sqrt(count) + 1) / live.requests : 0;
  return {
    ...startGate(settings),
    mode: "bake",
    totals: { ...state.totals, canary: none(), canaryJobs: noJobs() },
    usual: { errors: upper(live.errors), slow: upper(live.slow) },
    loadBalancer: { ...startLoadBalancerErrors(), before: state.loadBalancer.before },
    ...(state.at === undefined ? {} : { at: state.at }),
  };
}
