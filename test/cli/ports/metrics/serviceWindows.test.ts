import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { serviceWindows, total, type Step } from "../../../../cli/ports/metrics/serviceWindows";

const now = 1_700_000_000;
/** Steady requests and one error a minute, known for the last `known` seconds only. */
const steady =
  (known: number) =>
  async (end: number, seconds: number, step: number): Promise<Step[]> =>
    Array.from({ length: Math.floor(Math.min(seconds, known) / step) }, (_, index) => ({
      at: end - index * step,
      requests: 10 * step,
      errors: step / 60,
    }));

describe("the service's windows", () => {
  it("are the sums of their steps", async () =>
    expect(await serviceWindows(30, steady(Infinity), now)).toEqual({
      budget: { requests: 25_920_000, errors: 43_200 },
      sixHours: { requests: 216_000, errors: 360 },
      hour: { requests: 36_000, errors: 60 },
      halfHour: { requests: 18_000, errors: 30 },
      fiveMinutes: { requests: 3_000, errors: 5 },
    }));
  it("take unknown time for time with as many requests and without errors", async () =>
    expect(await serviceWindows(30, steady(2 * 3600), now)).toEqual({
      budget: { requests: 25_920_000, errors: 120 },
      sixHours: { requests: 216_000, errors: 120 },
      hour: { requests: 36_000, errors: 60 },
      halfHour: { requests: 18_000, errors: 30 },
      fiveMinutes: { requests: 3_000, errors: 5 },
    }));
  it("of a server that is minutes old are judged by its minutes", async () => {
    const young = await serviceWindows(30, steady(180), now);
    expect(young).toMatchObject({ budget: { requests: 25_920_000, errors: 3 } });
  });
  it("are unknown where nothing is known", async () =>
    expect(await serviceWindows(30, steady(0), now)).toBe("unknown"));

  it("never invent an error, nor fewer requests than were seen", () => {
    const step = fc.record({ at: fc.nat(), requests: fc.nat(1000), errors: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 800 }), (steps, expected) => {
        const seen = total(steps, steps.length);
        const whole = total(steps, expected);
        expect(whole.errors).toBe(seen.errors);
        expect(whole.requests).toBeGreaterThanOrEqual(seen.requests);
      }),
      { numRuns: 2000 },
    );
  });
});
