import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  observeSample,
  mayBeOverridden,
  startMonitor,
  weightDuring,
  type Sample,
  type MonitorResult,
  type MonitorState,
} from "../../../decisions/gate/monitor";
import type { Measured } from "../../../decisions/gate/observation";
import { counts, settings, thrifty } from "./samples";

const healthy = { healthy: 3, total: 3 };
const sound = { canary: healthy, live: healthy };

/** Requests of the second that ends at `second`. */
const measured = (second: number, canary = counts(5), live = counts(45)): Measured => ({
  at: 1000 * second,
  seconds: 1,
  slots: { canary, live },
});

/** Looks once a second, as `see` says; the end of it. */
function watch(
  from: number,
  to: number,
  see: (second: number) => Partial<Sample>,
  start = startMonitor(settings),
): { state: MonitorState; result: MonitorResult } {
  let end: { state: MonitorState; result: MonitorResult } | undefined;
  for (let second = from; second <= to; second += 1) {
    const common = { at: 1000 * second, weight: 10, targets: sound, service: thrifty, mayPromote: false };
    end = observeSample(
      end?.state ?? start,
      { ...common, measured: [measured(second)], ...see(second) },
      settings,
    );
  }
  if (!end) throw new Error("nothing was watched");
  return end;
}
const promoted = () => watch(1, 70, () => ({}));
/** A canary of 70 s that gets all traffic then. */
const baking = (to: number, see: (second: number) => Partial<Sample>) => {
  const all = { weight: 100, mayPromote: true };
  return watch(71, to, (second) => ({ ...all, ...see(second) }), promoted().state);
};
const alone = (second: number, errors = 0) => [measured(second, counts(50, errors), counts(0))];

describe("watching", () => {
  it("promotes a canary that was watched long enough and is no worse", () => {
    const { result } = promoted();
    expect([result.verdict, result.phase]).toEqual(["promote", "canary"]);
  });
  it("counts nothing for the canary while the rule gives it no traffic", () => {
    const { result } = watch(1, 120, () => ({ weight: 0, measured: [] }));
    expect(result.figures.seconds).toBe(0);
    expect([result.verdict, result.deadlinePassed]).toEqual(["hold", false]);
  });
  it("rolls back without a word of the metrics when the canary has no healthy target", () => {
    const targets = { canary: { healthy: 0, total: 3 }, live: healthy };
    const { result } = watch(1, 2, () => ({ measured: [], targets }));
    expect(result.verdict).toBe("rollback");
  });
  it("does not hold a canary without traffic to having targets", () => {
    const targets = { canary: { healthy: 0, total: 0 }, live: healthy };
    expect(watch(1, 5, () => ({ weight: 0, measured: [], targets })).result.verdict).toBe("hold");
  });
  it("counts half-dead targets by the looks, however long the source's intervals are", () => {
    const targets = { canary: { healthy: 1, total: 3 }, live: healthy };
    const minute = (second: number) =>
      second % 60 === 0
        ? [{ at: 1000 * second, seconds: 60, slots: { canary: counts(300), live: counts(2700) } }]
        : [];
    const see = (second: number) => ({
      measured: minute(second),
      targets: second >= 58 ? targets : sound,
    });
    expect(watch(1, 70, see).result.verdict).toBe("hold");
    expect(watch(1, 90, see).result.verdict).toBe("rollback");
  });
  it("ends a hold a while after its deadline though the source never says anything", () => {
    const silent = () => ({ measured: [] });
    expect(watch(1, 400, silent).result.deadlinePassed).toBe(false);
    const { result } = watch(1, 440, silent);
    expect([result.verdict, result.deadlinePassed]).toEqual(["hold", true]);
  });
  it("bakes from the moment on at which the promoted canary has all traffic", () => {
    const held = baking(100, (second) => ({ measured: alone(second) })).result;
    expect([held.phase, held.verdict]).toEqual(["bake", "hold"]);
    const done = baking(140, (second) => ({ measured: alone(second) })).result;
    expect([done.phase, done.verdict]).toEqual(["bake", "promote"]);
  });
  it("takes all traffic by a strange hand for no promotion", () => {
    const { result } = baking(140, (second) => ({ mayPromote: false, measured: alone(second) }));
    expect(result.phase).toBe("canary");
  });
  it("does not take the canary's good word for the bake's while no figures have come", () => {
    const { result } = baking(100, () => ({ measured: [] }));
    expect([result.phase, result.verdict]).toEqual(["bake", "hold"]);
    const late = baking(440, () => ({ measured: [] })).result;
    expect([late.verdict, late.deadlinePassed]).toEqual(["hold", true]);
  });
  it("rolls back a release that goes bad in its bake", () => {
    const { result } = baking(100, (second) => ({ measured: alone(second, second > 80 ? 10 : 0) }));
    expect([result.phase, result.verdict]).toEqual(["bake", "rollback"]);
  });
  it("goes on from its JSON as if it had not been interrupted", () => {
    const bad = (second: number) => ({ measured: [measured(second, counts(5, second % 2))] });
    const first = watch(1, 5, bad);
    const resumed = watch(6, 12, bad, JSON.parse(JSON.stringify(first.state)) as MonitorState);
    expect(resumed.result).toEqual(watch(1, 12, bad).result);
  });
  it("remembers no more weights than late intervals need", () => {
    const { state } = watch(1, 3000, (second) => ({ weight: second % 2 === 0 ? 10 : 9 }));
    expect(state.weights.length).toBeLessThan(4);
  });
});

describe("an override of the gate", () => {
  const quiet = (second: number) => ({ measured: [measured(second, counts(0), counts(1))] });
  it("promotes a canary with too little traffic once it was watched as long as any", () => {
    expect(mayBeOverridden(watch(1, 59, quiet).result, settings)).toBe(false);
    expect(mayBeOverridden(watch(1, 61, quiet).result, settings)).toBe(true);
  });
  it("promotes none that is suspected or has unsound or unknown targets", () => {
    const suspect = (second: number) => ({
      measured: [measured(second, counts(2, second > 30 && second % 10 === 0 ? 1 : 0))],
    });
    expect(watch(1, 61, suspect).result.verdict).toBe("hold");
    expect(mayBeOverridden(watch(1, 61, suspect).result, settings)).toBe(false);
    const unknown = (second: number) => ({
      ...quiet(second),
      targets: { canary: "unknown" as const, live: healthy },
    });
    expect(mayBeOverridden(watch(1, 61, unknown).result, settings)).toBe(false);
  });
});

describe("weightDuring", () => {
  it("is the average of what the rule had, and what it had first before that", () => {
    const samples = [
      { at: 10, weight: 0 },
      { at: 20, weight: 10 },
    ];
    expect(weightDuring(samples, 15, 25)).toBe(5);
    expect(weightDuring(samples, 0, 10)).toBe(0);
    expect(weightDuring(samples, 20, 30)).toBe(10);
    expect(weightDuring([], 0, 10)).toBe(0);
  });
  it("lies between the least and the most that the rule had", () => {
    const sample = fc.record({
      at: fc.integer({ min: 0, max: 1000 }),
      weight: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 1, max: 500 }),
        (given, from, length) => {
          const samples = given.toSorted((a, b) => a.at - b.at);
          const weight = weightDuring(samples, from, from + length);
          const all = samples.map((one) => one.weight);
          expect(weight).toBeGreaterThanOrEqual(Math.min(...all) - 1e-9);
          expect(weight).toBeLessThanOrEqual(Math.max(...all) + 1e-9);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
