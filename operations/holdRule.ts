import type { Settings } from "../decisions/config";

/** Requests and errors of one slot since the canary got traffic; `undefined` counts are unknown, never zero. */
export interface Counts {
  requests: number;
  errors: number;
}

/** What the hold sees at one moment. */
export interface Observation {
  /** Seconds since the canary got its traffic. */
  seconds: number;
  canary: Counts | undefined;
  live: Counts | undefined;
  /** The canary's targets; unknown when the load balancer did not answer. */
  targets: { total: number; healthy: number } | undefined;
}

/** The hold's word, with what it rests on. */
export interface HoldVerdict {
  verdict: "promote" | "rollback" | "hold";
  /** The deadline has passed: the canary ends with weight 0, unpromoted. */
  expired: boolean;
  reasons: string[];
}

/** Errors of a canary below which nothing is concluded from their share. */
const minErrors = 10;
/** Share of errors that a canary may have whatever the live slot does. */
const errorFloor = 0.01;
/** A canary may have this many times the live slot's share of errors. */
const liveFactor = 3;

/**
 * Judges a held canary by a fixed rule: out with at least 10 errors and a share above the larger of 1 % and three times
 * the live slot's, or when no target is healthy; in after `holdSeconds` with `minRequests` and every target healthy.
 * What is unknown holds.
 */
export function judgeHold(seen: Observation, gate: Settings["gate"]): HoldVerdict {
  const { seconds, canary, live, targets } = seen;
  const expired = seconds >= gate.deadlineSeconds;
  const verdict = (word: HoldVerdict["verdict"], ...reasons: string[]): HoldVerdict => ({
    verdict: word,
    expired,
    reasons,
  });

  if (targets && targets.healthy === 0)
    return verdict("rollback", `none of the canary's ${targets.total} targets is healthy`);
  if (canary && live) {
    const share = canary.requests > 0 ? canary.errors / canary.requests : 0;
    const allowed = Math.max(errorFloor, live.requests > 0 ? (liveFactor * live.errors) / live.requests : 0);
    if (canary.errors >= minErrors && share > allowed)
      return verdict(
        "rollback",
        `${canary.errors} of the canary's ${canary.requests} requests failed (${percent(share)}), allowed are ${percent(allowed)}`,
      );
  }

  const waits: string[] = [];
  if (!canary || !live) waits.push("metrics are unknown");
  if (!targets) waits.push("target health is unknown");
  else if (targets.healthy < targets.total)
    waits.push(`${targets.healthy} of ${targets.total} targets are healthy`);
  if (seconds < gate.holdSeconds) waits.push(`held for ${Math.floor(seconds)} of ${gate.holdSeconds} s`);
  if (canary && canary.requests < gate.minRequests)
    waits.push(`${Math.round(canary.requests)} of at least ${gate.minRequests} requests`);
  if (waits.length > 0) return verdict("hold", ...waits);
  return verdict(
    "promote",
    `${Math.round(canary?.requests ?? 0)} requests, ${canary?.errors ?? 0} errors in ${Math.floor(seconds)} s, all ${targets?.total ?? 0} targets healthy`,
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
