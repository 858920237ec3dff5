import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addEvidence, startEvidence, weigh } from "../../../../decisions/gate/statistics/likelihoods";
import { slowSignal } from "../../../../decisions/gate/limits";
import { addToTest, startTest } from "../../../../decisions/gate/statistics/ratioTest";

describe("evidence", () => {
  it("has an expectation of at most 1 after any interval of a canary as bad as is tolerated, one failure at a time", () => {
    // Exact: the failure falls on the canary with probability c*r0 / (c*r0 + s), on the live slot otherwise.
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 1000 }), (c, s) => {
        const before = startTest(slowSignal);
        const onCanary = (c * slowSignal.tolerated) / (c * slowSignal.tolerated + s);
        const after = (canary: number, live: number) =>
          Math.exp(
            weigh(
              addToTest(before, slowSignal, { total: c, failed: canary }, { total: s, failed: live }, 0, 0)
                .relative,
            ),
          );
        const expected = onCanary * after(1, 0) + (1 - onCanary) * after(0, 1);
        expect(expected).toBeCloseTo(Math.exp(weigh(before.relative)), 9);
      }),
    );
  });

  it("starts below 1 and has weight 1 in all when its whole time is over", () => {
    let evidence = startEvidence(3);
    expect(Math.exp(weigh(evidence))).toBeCloseTo(0.8, 9);
    for (let second = 0; second < 100; second += 1) evidence = addEvidence(evidence, 0.01, () => 0);
    expect(Math.exp(weigh(evidence))).toBeCloseTo(1, 9);
  });

  it("stays a number, however much speaks for or against the canary", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(-5000, -1, 0, 1, 5000), { maxLength: 20 }), (ratios) => {
        let evidence = startEvidence(2);
        for (const ratio of ratios) evidence = addEvidence(evidence, 0.001, () => ratio);
        expect(evidence.every(Number.isFinite)).toBe(true);
        expect(Number.isFinite(weigh(evidence))).toBe(true);
      }),
    );
  });
});
