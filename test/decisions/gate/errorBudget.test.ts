import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { burnRate, judgeBudget, spentPart } from "../../../decisions/gate/errorBudget";

const slo = { objective: 99.9, windowDays: 30 };
const quiet = { requests: 100_000, errors: 10 };
const service = { budget: quiet, sixHours: quiet, hour: quiet, halfHour: quiet, fiveMinutes: quiet };
const canary = {
  all: { requests: 3000, errors: 3 },
  fiveMinutes: { requests: 1500, errors: 1 },
  live: quiet,
};

describe("the error budget", () => {
  it("lets a promotion pass with budget left and no fast burn, and says what the canary spent", () => {
    const { ok, reasons, figures } = judgeBudget({ service, canary }, slo);
    expect({ ok, reasons }).toEqual({ ok: true, reasons: [] });
    expect(figures.left).toBeCloseTo(0.9);
    expect(figures.spentByCanary).toBeCloseTo(0.03);
  });

  it("that is spent, unknown or burning fast is each a reason of its own", () => {
    const why = (more: object, own = canary) =>
      judgeBudget({ service: { ...service, ...more }, canary: own }, slo).reasons;
    expect(why({ budget: { requests: 100_000, errors: 100 } })).toEqual([
      "no error budget is left: 100 of 100000 requests failed in 30 days, 99.9 % must succeed",
    ]);
    const burning = { requests: 10_000, errors: 150 };
    expect(why({ hour: burning, fiveMinutes: burning })).toEqual([
      "the service burns its error budget 15.0 times as fast as allowed over 1 h and 5 min, at most 14.4 times may be",
    ]);
    const bad = { all: { requests: 200, errors: 4 }, fiveMinutes: { requests: 200, errors: 4 }, live: quiet };
    expect(why({}, bad)).toEqual([
      "the canary burns the error budget 20.0 times as fast as allowed over 5 min, at most 14.4 times may be",
    ]);
    expect(judgeBudget({ service: "unknown", canary }, slo)).toMatchObject({
      ok: false,
      reasons: ["the service's error budget is unknown"],
    });
  });

  it("is not burnt by a canary that fails no more than the live slot did in the same minutes", () => {
    const fiveMinutes = { requests: 200, errors: 4 };
    const alike = { all: fiveMinutes, fiveMinutes, live: { requests: 1800, errors: 36 } };
    expect(judgeBudget({ service, canary: alike }, slo).ok).toBe(true);
    const twice = { ...alike, live: { requests: 1800, errors: 18 } };
    expect(judgeBudget({ service, canary: twice }, slo).ok).toBe(false);
  });

  it("does not call a burn fast that is over already, or that is two failed requests of a quiet night", () => {
    const burning = { requests: 10_000, errors: 150 };
    expect(judgeBudget({ service: { ...service, hour: burning }, canary }, slo).ok).toBe(true);
    const night = { requests: 20, errors: 2 };
    const asleep = { ...service, hour: night, fiveMinutes: night };
    expect(judgeBudget({ service: asleep, canary }, slo).ok).toBe(true);
  });

  it("is spent in the same part as its window is over at a burn rate of 1, and never less by more errors", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 0, max: 1000 }), (requests, errors) => {
        const counts = { requests, errors };
        expect(spentPart(errors, counts, slo)).toBeCloseTo(burnRate(counts, slo), 6);
        expect(spentPart(errors + 1, counts, slo)).toBeGreaterThan(spentPart(errors, counts, slo));
      }),
    );
    expect(spentPart(0, { requests: 0, errors: 0 }, slo)).toBe(0);
  });
});
