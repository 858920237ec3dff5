import { countCauses, noCluster, type Cluster } from "./clusters";
import { addEvidence, startEvidence, weigh, type Likelihoods } from "./likelihoods";
import { commonCauses, type Signal } from "../limits";

/**
 * What one signal's test knows so far. A canary is rolled back when both speak against it: it fails more than is usual, and
 * the live slot does not fail with it.
 */
export interface RatioTest {
  /** Against "a common cause": the failures of both slots, whatever it does to them, fall on the two as their traffic does. */
  relative: Likelihoods;
  /** Against "as usual": at most what the live slot had so far (times the tolerance), and at most the floor. */
  absolute: Likelihoods;
  cluster: Cluster;
}

export const startTest = (signal: Signal): RatioTest => ({
  relative: startEvidence(signal.alternatives.length),
  absolute: startEvidence(signal.overFloor.length),
  cluster: noCluster,
});

/** Requests (or jobs) and failures of one slot in one interval. */
export interface Tally {
  total: number;
  failed: number;
}

/**
 * Adds one interval. If the canary is at most r0 times as bad as the live slot, then a failure falls on the canary with a
 * probability of at most c*r0 / (c*r0 + s), c and s being the requests each slot got: so a burst that hits both cancels out,
 * however high it is. The canary's failures are counted by causes, the live slot's one by one: both err in favour of the
 * canary. `usual` is the live slot's share of failures before this interval.
 */
export function addToTest(
  test: RatioTest,
  signal: Signal,
  canary: Tally,
  live: Tally,
  part: number,
  usual: number,
): RatioTest {
  const { causes, cluster } = countCauses(test.cluster, canary.total, canary.failed, signal.cluster);
  const { total: c } = canary;
  const { total: s, failed: liveFailures } = live;
  const compares = c > 0 && s > 0 && causes + liveFailures > 0;
  const relative = addEvidence(test.relative, part, (index) => {
    if (!compares) return 0;
    const worse = signal.alternatives[index] ?? signal.tolerated;
    const shrink = Math.log((c * signal.tolerated + s) / (c * worse + s));
    return causes * (Math.log(worse / signal.tolerated) + shrink) + liveFailures * shrink;
  });
  const allowed = Math.max(signal.floor, signal.tolerated * usual);
  const absolute = addEvidence(test.absolute, part, (index) => {
    const rate = Math.min(0.9, allowed * (signal.overFloor[index] ?? 1));
    if (c <= 0 || rate <= allowed) return 0;
    return causes * Math.log(rate / allowed) + Math.max(0, c - causes) * Math.log((1 - rate) / (1 - allowed));
  });
  return { relative, absolute, cluster };
}

/**
 * A share of failures from what the live slot had so far, for a guess before it had anything. The guess keeps one lucky or
 * unlucky request from saying all; two failures are believed as they are.
 */
export function usualShare(guess: number, live: Tally): number {
  const guessed = (live.failed + 0.5) / (live.total + 0.5 / guess);
  return live.failed >= 2 ? Math.max(guessed, live.failed / live.total) : guessed;
}

/**
 * How much of the evidence that a rollback needs there is: 1 is all of it, 0 or less is none. Without a live slot to compare
 * with (`alone`), "more than usual" is all there is.
 *
 * The evidence against "as usual" must reach 1/a, a being this signal's part of `falseRollback`. A common cause needs to be
 * excluded only in those canaries that meet one, so `commonCauses`/a is enough there: a false rollback then has a
 * probability of at most a for either reason.
 */
export function sufficiency(test: RatioTest, signal: Signal, falseRollback: number, alone: boolean): number {
  const level = (falseRollback * signal.falseShare) / 2;
  const absolute = weigh(test.absolute) / -Math.log(level);
  return alone
    ? absolute
    : Math.min(absolute, weigh(test.relative) / -Math.log(Math.min(0.1, level / commonCauses)));
}
