import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  describeBudget,
  describeSlotTraffic,
  sparkline,
  slotTraffic,
} from "../../../decisions/report/recentTraffic";
import type { TrafficStep } from "../../../decisions/report/trafficSeries";

const minute = 60_000;
const [from, to] = [0, 15 * minute];
const step = (
  slot: "blue" | "green",
  at: number,
  requests: number,
  errors = 0,
  p95Ms?: number,
): TrafficStep => ({
  at: at * minute,
  slot,
  requests,
  errors,
  ...(p95Ms !== undefined && { p95Ms }),
});

describe("a slot's last minutes", () => {
  it("show a canary's share as it grows, its errors, and how quick it is now", () => {
    const steps = [
      ...[1, 2, 3, 4].flatMap((at) => [step("blue", at, 90), step("green", at, 10, 1, 80)]),
      ...[5, 6].flatMap((at) => [step("blue", at, 0), step("green", at, 100, 0, 41.6)]),
    ];
    const green = slotTraffic({ stepSeconds: 60, steps }, "green", from, to);
    expect(green && describeSlotTraffic(green)).toBe(
      "|▁▁▁▁██·········| 240 requests, 4 failed (1.67 %), 95 % now within 42 ms",
    );
    const blue = slotTraffic({ stepSeconds: 60, steps }, "blue", from, to);
    expect(blue && sparkline(blue.shares)).toBe("████  ·········");
  });

  it("are no line where the slot has no pod, and no percentage where nobody asked", () => {
    const steps = [step("blue", 3, 0)];
    expect(slotTraffic({ stepSeconds: 60, steps }, "green", from, to)).toBeUndefined();
    const blue = slotTraffic({ stepSeconds: 60, steps }, "blue", from, to);
    expect(blue && describeSlotTraffic(blue)).toBe("|···············| 0 requests, 0 failed");
  });

  it("lose no request: the shares of both slots are one wherever somebody asked", () => {
    const steps = fc.array(
      fc.record({
        at: fc.integer({ min: from + 1, max: to }),
        slot: fc.constantFrom("blue" as const, "green" as const),
        requests: fc.nat(1000),
        errors: fc.constant(0),
      }),
    );
    fc.assert(
      fc.property(steps, (some) => {
        const series = { stepSeconds: 60, steps: some };
        const [blue, green] = (["blue", "green"] as const).map((slot) => slotTraffic(series, slot, from, to));
        const total = some.reduce((sum, { requests }) => sum + requests, 0);
        expect((blue?.requests ?? 0) + (green?.requests ?? 0)).toBe(total);
        for (const index of Array.from({ length: 15 }, (_, part) => part)) {
          const shares = [blue, green].flatMap((seen) => seen?.shares[index] ?? []);
          if (blue && green && shares.length > 0) expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1);
        }
        for (const seen of [blue, green]) if (seen) expect(sparkline(seen.shares)).toHaveLength(15);
      }),
    );
  });
});

describe("the error budget in a line", () => {
  const slo = { objective: 99.9, windowDays: 30 };
  const quiet = { requests: 100_000, errors: 10 };
  const service = { budget: quiet, sixHours: quiet, hour: quiet, halfHour: quiet, fiveMinutes: quiet };

  it("says what is left and how fast it goes, and what is wrong with it", () => {
    expect(describeBudget(service, slo)).toBe(
      "90.0 % left, the last hour burnt it 0.1 times as fast as allowed",
    );
    expect(describeBudget({ ...service, budget: { requests: 1000, errors: 2 } }, slo)).toMatch(
      /^-100\.0 % left, .*; no error budget is left/,
    );
  });

  it("is unknown where the source does not say", () => {
    expect(describeBudget("unknown", slo)).toBe("the service's error budget is unknown");
  });
});
