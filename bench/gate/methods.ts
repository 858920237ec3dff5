import { judge } from "../../decisions/gate/judge";
import type { Observation } from "../../decisions/gate/observation";
import { startGate, type GateSettings } from "../../decisions/gate/monitorState";
import type { SlotTrace, Trace } from "./traces";

/** What a method judges a canary by. */
export type Kind = "errors" | "slow";

/** A way to judge a canary: the second at which it rolls back, or undefined if it never does. */
export type Method = (trace: Trace, kind: Kind) => number | undefined;

/** The gate of this project, asked each second. */
export function createGate(settings: GateSettings, canaryWeight: number): Method {
  const targets = { canary: { healthy: 3, total: 3 }, live: { healthy: 3, total: 3 } };
  return (trace) => {
    let state = judge(startGate(settings), beforeCanary(trace, targets), settings).state;
    for (let second = 0; second < trace.seconds; second += 1) {
      const observation: Observation = {
        at: 1000 * (second + 1),
        seconds: 1,
        canaryWeight,
        slots: { canary: countsAt(trace.canary, second), live: countsAt(trace.live, second) },
        targets,
      };
      const result = judge(state, observation, settings);
      if (result.verdict === "rollback") return second + 1;
      state = result.state;
    }
    return undefined;
  };
}

/** The live slot's last minute before the canary, as one interval. */
function beforeCanary({ before }: Trace, targets: Observation["targets"]): Observation {
  const sum = (counts: Uint16Array) => counts.reduce((total, count) => total + count, 0);
  const live = { requests: sum(before.requests), errors: sum(before.errors), slow: sum(before.slow) };
  return {
    at: 0,
    seconds: before.requests.length,
    canaryWeight: 0,
    slots: { canary: { requests: 0, errors: 0, slow: 0 }, live },
    targets,
  };
}

const countsAt = (slot: SlotTrace, second: number) => ({
  requests: slot.requests[second] ?? 0,
  errors: slot.errors[second] ?? 0,
  slow: slot.slow[second] ?? 0,
});

/** Share of the canary's requests before `until` that failed; undefined without requests. */
function share({ canary }: Trace, kind: Kind, until: number, windowSeconds: number): number | undefined {
  let [requests, bad] = [0, 0];
  for (let second = Math.max(0, until - windowSeconds); second < until; second += 1) {
    requests += canary.requests[second] ?? 0;
    bad += canary[kind][second] ?? 0;
  }
  return requests > 0 ? bad / requests : undefined;
}

/** A fixed rule that many teams have: over 1 % of a minute's requests, looked at once a minute. */
export const fixedPercent: Method = (trace, kind) => {
  for (let at = 60; at <= trace.seconds; at += 60) if ((share(trace, kind, at, 60) ?? 0) > 0.01) return at;
  return undefined;
};

/**
 * Flagger with its defaults: interval 60 s, a window of one minute, threshold of one failed check, and the bounds of its
 * documentation (success rate at least 99 %, 99th percentile at most 500 ms, so at most 1 % slow). No values fail a check. The
 * threshold is compared at the tick after the failed check, and that tick rolls back.
 */
export const flaggerDefaults: Method = (trace, kind) => {
  for (let at = 60; at + 60 <= trace.seconds; at += 60) {
    const bad = share(trace, kind, at, 60);
    if (bad === undefined || bad > 0.01) return at + 60;
  }
  return undefined;
};

/**
 * The sample analysis of Argo Rollouts' documentation: success rate of five minutes at least 95 %, measured at once and each
 * five minutes, `failureLimit: 3`, so that the fourth failed measurement aborts. It has no latency metric.
 */
export const argoSample: Method = (trace, kind) => {
  if (kind === "slow") return undefined;
  let failed = 0;
  for (let at = 0; at <= trace.seconds; at += 300) {
    const bad = share(trace, kind, at, 300);
    // The sample's condition on an empty result is an error, not a failure.
    if (bad !== undefined && bad > 0.05) failed += 1;
    if (failed > 3) return at;
  }
  return undefined;
};
