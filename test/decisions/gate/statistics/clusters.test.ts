import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countCauses, noCluster } from "../../../../decisions/gate/statistics/clusters";

/** Counts the causes of a row of intervals. */
function causesOf(intervals: [requests: number, failures: number][], size = 5): number {
  let cluster = noCluster;
  let sum = 0;
  for (const [requests, failures] of intervals) {
    const counted = countCauses(cluster, requests, failures, size);
    sum += counted.causes;
    cluster = counted.cluster;
  }
  return sum;
}

describe("failures that share a cause", () => {
  it("are one cause when one interval holds them, and two when they are more than one cause can fail", () => {
    expect(causesOf([[20, 5]])).toBe(1);
    expect(causesOf([[20, 6]])).toBe(2);
  });

  it("are one cause when two intervals share them", () => {
    expect(
      causesOf([
        [5, 3],
        [5, 2],
      ]),
    ).toBe(1);
    expect(
      causesOf([
        [5, 1],
        [5, 4],
      ]),
    ).toBe(1);
  });

  it("are no longer one when more requests lie between than a cause can fail", () => {
    expect(
      causesOf([
        [5, 3],
        [5, 0],
        [5, 2],
      ]),
    ).toBe(2);
  });

  it("are two causes when single ones lie in two intervals with good requests between", () => {
    expect(
      causesOf([
        [5, 1],
        [5, 1],
      ]),
    ).toBe(2);
  });

  it("are never more causes than failures, and never none", () => {
    const intervals = fc.array(
      fc
        .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }))
        .map(([requests, failures]): [number, number] => [requests, Math.min(requests, failures)]),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(intervals, fc.integer({ min: 1, max: 6 }), (row, size) => {
        const failures = row.reduce((sum, [, failed]) => sum + failed, 0);
        const causes = causesOf(row, size);
        expect(causes).toBeLessThanOrEqual(failures);
        expect(causes).toBeGreaterThanOrEqual(failures > 0 ? 1 : 0);
        if (size === 1) expect(causes).toBe(failures);
      }),
    );
  });
});
