/**
 * Evidence of one test, one number for each alternative: the natural logarithm of its likelihood ratio, mixed over the times
 * at which the regression may have begun. Its expectation is at most 1 at any time if nothing is wrong, whenever one stops
 * to look, so that by Ville's inequality it ever reaches 1/a with a probability of at most a.
 */
export type Likelihoods = number[];

/** Part of the weight that goes to "wrong from its first request on"; the rest is spread over the canary's time. */
const fromTheStart = 0.8;

export const startEvidence = (alternatives: number): Likelihoods =>
  Array.from({ length: alternatives }, () => Math.log(fromTheStart / alternatives));

/**
 * Adds one interval: `ratio(i)` is the logarithm of alternative i's likelihood ratio in it. `part` is the interval's part of
 * the canary's longest time: a regression may begin in any interval, and what was good before must not hide it.
 */
export function addEvidence(
  evidence: Likelihoods,
  part: number,
  ratio: (index: number) => number,
): Likelihoods {
  const fresh = (Math.max(0, part) * (1 - fromTheStart)) / evidence.length;
  return evidence.map((before, index) => {
    return (fresh > 0 ? addLogs(before, Math.log(fresh)) : before) + ratio(index);
  });
}

/** The evidence of all alternatives together, as a logarithm: above 0 speaks against the canary. */
export function weigh(evidence: Likelihoods): number {
  return evidence.reduce(addLogs);
}

/** log(exp(a) + exp(b)) without leaving the range of numbers. */
const addLogs = (a: number, b: number): number =>
  a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
