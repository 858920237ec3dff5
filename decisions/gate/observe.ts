import type { ServiceCounts } from "./errorBudget";
import { findHardStop, remember } from "./hardStop";
import { errorSignal, jobSignal, slowSignal, warmUpSeconds, type Signal } from "./limits";
import { addLoadBalancerErrors, surelyExcess } from "./loadBalancerErrors";
import { timeOf, type Observation, type SlotCounts } from "./observation";
import { addToTest, usualShare, type RatioTest, type Tally } from "./statistics/ratioTest";
import { longestSeconds, type GateSettings, type GateState, type MinuteCounts } from "./monitorState";
import { unhealthyTargets, halfDeadFor } from "./targetHealth";
import { present } from "../text/present";

/** Adds one interval to what the gate knows. One that is not newer than the last adds nothing, so a rerun is harmless. */
export function observe(state: GateState, given: Observation, settings: GateSettings): GateState {
  const observation = withoutNonsense(given);
  const at = timeOf(observation);
  const { seconds, canaryWeight, targets } = observation;
  if (!(seconds > 0)) throw new RangeError(`an observation lasts ${seconds} seconds: give more than 0`);
  if (state.at !== undefined && at <= state.at) return state;
  if (canaryWeight <= 0) return { ...before(state, observation), at };

  const seen: GateState = {
    ...state,
    at,
    since: state.since ?? at - seconds * 1000,
    targets,
    unknown: unknownParts(observation),
    halfDeadSeconds: observation.halfDeadSeconds ?? halfDeadFor(state.halfDeadSeconds, observation),
  };
  if (observation.service && observation.service !== "unknown")
    seen.service = { at, windows: observation.service };
  const unhealthy = unhealthyTargets(seen);
  if (unhealthy) return rejected(seen, unhealthy);
  return observation.slots === "unknown" ? seen : withCounts(seen, observation, observation.slots, settings);
}

/** A count below zero (a counter that was reset) or none at all (0 / 0) is no count: unknown. */
function withoutNonsense(given: Observation): Observation {
  const isCount = (count: number) => Number.isFinite(count) && count >= 0;
  const { slots, jobs, loadBalancer5xx } = given;
  const sane = (known: Record<string, Record<string, number>>) =>
    Object.values(known).every((counts) => Object.values(counts).every(isCount));
  return {
    ...given,
    ...(slots === "unknown" || sane({ ...slots } as never) ? {} : { slots: "unknown" }),
    ...(!jobs || jobs === "unknown" || sane({ ...jobs } as never) ? {} : { jobs: "unknown" }),
    ...(typeof loadBalancer5xx !== "number" || isCount(loadBalancer5xx)
      ? {}
      : { loadBalancer5xx: "unknown" }),
  };
}

/** Before the canary: what is usual for the live slot and for the load balancer's own errors. */
function before(state: GateState, { loadBalancer5xx, seconds, slots }: Observation): GateState {
  if (state.since !== undefined) return state;
  const { loadBalancer } = state;
  const { errors, seconds: known } = loadBalancer.before;
  return {
    ...state,
    before: slots === "unknown" ? state.before : plus(state.before, slots.live),
    loadBalancer:
      typeof loadBalancer5xx === "number"
        ? { ...loadBalancer, before: { errors: errors + loadBalancer5xx, seconds: known + seconds } }
        : loadBalancer,
  };
}

function withCounts(
  state: GateState,
  observation: Observation,
  { canary, live }: { canary: SlotCounts; live: SlotCounts },
  settings: GateSettings,
): GateState {
  const { seconds, jobs, loadBalancer5xx } = observation;
  const { gate, slo } = settings;
  const at = state.at ?? 0;
  const elapsedSeconds = (at - (state.since ?? at)) / 1000;
  const isWarm = elapsedSeconds - seconds >= warmUpSeconds - 1e-9;
  const longest = longestSeconds(state, settings);
  // A regression may begin at any time until the canary's longest is over; later intervals bring no new chances.
  const part = elapsedSeconds <= longest ? seconds / Math.max(longest, seconds) : 0;
  const ownErrors = typeof loadBalancer5xx === "number" ? loadBalancer5xx : 0;
  const expected = expectedRequests(observation, canary, live);
  const usualLive = plus(state.before, state.totals.live);
  const attributed = attributedErrors(state, observation, ownErrors, expected);

  const next: GateState = {
    ...state,
    totals: {
      canary: plus(state.totals.canary, canary),
      live: plus(state.totals.live, live),
      canaryJobs: plusJobs(state.totals.canaryJobs, jobs, "canary"),
      liveJobs: plusJobs(state.totals.liveJobs, jobs, "live"),
    },
    recent: remember(state.recent, {
      seconds,
      canary: { requests: canary.requests + attributed, errors: canary.errors + attributed },
      live: { requests: live.requests, errors: live.errors },
    }),
    minutes: withMinute(state.minutes, at, canary, live),
    silentSeconds: canary.requests === 0 && live.requests > 0 ? state.silentSeconds + seconds : 0,
  };
  if (isWarm) {
    const { tests, usual } = state;
    const test = (known: RatioTest, signal: Signal, kind: "errors" | "slow") => {
      const before = { total: usualLive.requests, failed: usualLive[kind] };
      return addToTest(
        known,
        signal,
        { total: canary.requests, failed: canary[kind] },
        { total: live.requests, failed: live[kind] },
        part,
        usual?.[kind] ?? usualShare(signal.floor / 2, before),
      );
    };
    next.knownSeconds += seconds;
    next.tests = {
      errors: test(tests.errors, errorSignal(slo.objective), "errors"),
      slow: test(tests.slow, slowSignal, "slow"),
      jobs:
        jobs && jobs !== "unknown"
          ? addToTest(
              tests.jobs,
              jobSignal,
              tally(jobs.canary),
              tally(jobs.live),
              part,
              usualShare(jobSignal.floor / 2, state.totals.liveJobs),
            )
          : tests.jobs,
    };
    if (typeof loadBalancer5xx === "number")
      next.loadBalancer = addLoadBalancerErrors(state.loadBalancer, attributed, seconds, expected, part);
  }
  const hardStop = findHardStop(next.recent, plus(usualLive, live), {
    objective: slo.objective,
    falseRollback: gate.falseRollback,
    longestSeconds: longest,
    elapsedSeconds,
  });
  if (!hardStop) return next;
  const { errors, requests, seconds: within } = hardStop;
  return rejected(next, [
    `the canary is plainly dead: ${Math.round(errors)} of its last ${Math.round(requests)} requests failed within ${within} s`,
  ]);
}

const rejected = (state: GateState, rollback: string[]): GateState => ({
  ...state,
  rollback: state.rollback ?? rollback,
});

/** Requests that the canary should have got by its weight. One that is dead gets none counted. */
function expectedRequests({ canaryWeight }: Observation, canary: SlotCounts, live: SlotCounts): number {
  const byWeight = canaryWeight < 100 ? (live.requests * canaryWeight) / (100 - canaryWeight) : 0;
  return Math.max(canary.requests, byWeight);
}

/** The load balancer's own errors that are held against the canary: no more than it can have had. */
function attributedErrors(
  { loadBalancer }: GateState,
  { seconds, canaryWeight, targets }: Observation,
  errors: number,
  expected: number,
): number {
  const excess = surelyExcess(loadBalancer, errors, seconds);
  const liveSuffers = targets.live !== "unknown" && targets.live.healthy < targets.live.total;
  if (canaryWeight >= 100) return excess;
  return Math.min(liveSuffers ? (excess * canaryWeight) / 100 : excess, Math.max(expected, 1));
}

function unknownParts({ slots, jobs, loadBalancer5xx, targets }: Observation): string[] {
  return present(
    slots === "unknown" && "metrics",
    jobs === "unknown" && "the workers' results",
    loadBalancer5xx === "unknown" && "the load balancer's own errors",
    targets.canary === "unknown" && "the health of the canary's targets",
  );
}

/** The minutes, of which the last five and the one under way are kept. */
function withMinute(
  minutes: MinuteCounts[],
  at: number,
  canary: ServiceCounts,
  live: ServiceCounts,
): MinuteCounts[] {
  const minute = Math.floor(at / 60_000);
  const newest = minutes.at(-1);
  const sum = (one: ServiceCounts, two?: ServiceCounts): ServiceCounts => ({
    requests: one.requests + (two?.requests ?? 0),
    errors: one.errors + (two?.errors ?? 0),
  });
  const same = newest?.minute === minute ? newest : undefined;
  const grown = { minute, ...sum(canary, same), live: sum(live, same?.live) };
  return [...(same ? minutes.slice(0, -1) : minutes), grown].filter((one) => one.minute >= minute - 4);
}

const plus = (a: SlotCounts, b: SlotCounts): SlotCounts => ({
  requests: a.requests + b.requests,
  errors: a.errors + b.errors,
  slow: a.slow + b.slow,
});

function plusJobs(sum: Tally, jobs: Observation["jobs"], slot: "canary" | "live"): Tally {
  if (!jobs || jobs === "unknown") return sum;
  const { total, failed } = tally(jobs[slot]);
  return { total: sum.total + total, failed: sum.failed + failed };
}

const tally = ({ ok, failed }: { ok: number; failed: number }): Tally => ({ total: ok + failed, failed });
