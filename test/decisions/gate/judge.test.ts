import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conclude, judge } from "../../../decisions/gate/judge";
import type { Observation } from "../../../decisions/gate/observation";
import { startBake, startGate, type GateState } from "../../../decisions/gate/monitorState";
import { counts, good, settings, thrifty, watch } from "./samples";

describe("a promotion", () => {
  it("comes when the hold is over, with requests enough and nothing against the canary", () => {
    const result = watch(120, (second) => good(second));
    expect(result.verdict).toBe("promote");
    // Two seconds of warm-up, then the hold of 60.
    expect(result.figures.seconds).toBe(62);
    expect(result.figures.share).toBeCloseTo(10);
    expect(result.reasons).toEqual(["no worse in 62 s: 0.00 % of 310 requests failed, the live slot 0.00 %"]);
  });

  const lacking: [string, string, Partial<Observation>][] = [
    ["a metrics outage", "unknown: metrics", { slots: "unknown" }],
    ["unknown results of workers", "unknown: the workers' results", { jobs: "unknown" }],
    [
      "unknown errors of the load balancer",
      "unknown: the load balancer's own errors",
      { loadBalancer5xx: "unknown" },
    ],
    [
      "a metric that is not a number",
      "unknown: metrics",
      { slots: { canary: counts(NaN), live: counts(45) } },
    ],
    [
      "a canary without requests",
      "the canary has had no request for",
      { slots: { canary: counts(0), live: counts(45) } },
    ],
    [
      "a live slot without requests",
      "the live slot had 0 requests",
      { slots: { canary: counts(5), live: counts(0) } },
    ],
    ["an unknown error budget", "the service's error budget is unknown", { service: "unknown" }],
    [
      "unknown health of targets",
      "unknown: the health of the canary's targets",
      { targets: { canary: "unknown", live: "unknown" } },
    ],
    [
      "a target that is not healthy",
      "2 of the canary's 3 targets are healthy",
      { targets: { canary: { healthy: 2, total: 3 }, live: { healthy: 3, total: 3 } } },
    ],
  ];
  it.each(lacking)("never comes with %s: held, and over at the deadline", (_, why, more) => {
    const held = watch(120, (second) => good(second, more));
    expect(held).toMatchObject({ verdict: "hold", deadlinePassed: false });
    expect(held.reasons.join("; ")).toContain(why);
    const over = judge(held.state, good(121, more), settings);
    expect(over).toMatchObject({ verdict: "hold", deadlinePassed: true });
    expect(over.reasons[0]).toBe("not to be promoted after 121 s, the limit is 120 s");
  });

  it("waits until what was unknown is known again, for as long as it was unknown", () => {
    const result = watch(120, (second) =>
      good(second, second > 20 && second <= 40 ? { slots: "unknown" } : {}),
    );
    expect(result).toMatchObject({ verdict: "promote", figures: { seconds: 82, knownSeconds: 60 } });
  });

  it("is held by a spent error budget, unless a person overrode that by name", () => {
    const service = { ...thrifty, budget: { requests: 100_000, errors: 100 } };
    const see = (second: number) => good(second, { service });
    expect(watch(120, see).reasons).toEqual([
      "no error budget is left: 100 of 100000 requests failed in 30 days, 99.9 % must succeed",
    ]);
    const by = { ...settings, overridden: ["budget"] as const };
    expect(watch(120, see, { by }).verdict).toBe("promote");
  });

  it("is held by a canary that looks bad though nothing is proved", () => {
    const see = (second: number) =>
      good(second, second === 58 ? { slots: { canary: counts(5, 1), live: counts(45) } } : {});
    const quick = (second: number) =>
      good(
        second,
        [50, 55, 58].includes(second) ? { slots: { canary: counts(5, 1), live: counts(45) } } : {},
      );
    expect(watch(62, see).verdict).toBe("promote");
    expect(watch(62, quick)).toMatchObject({ verdict: "hold" });
    expect(watch(62, quick).reasons[0]).toContain("suspected of more errors");
  });
});

describe("a rollback", () => {
  it("comes within seconds for a canary that fails half of its requests, warm-up or not", () => {
    const result = watch(10, (second) => good(second, { slots: { canary: counts(6, 3), live: counts(45) } }));
    expect(result).toMatchObject({ verdict: "rollback", figures: { seconds: 3 } });
    expect(result.reasons[0]).toBe("the canary is plainly dead: 9 of its last 18 requests failed within 3 s");
  });

  it("comes for a crashed canary whose errors only the load balancer counts, with no canary request at all", () => {
    let state = startGate(settings);
    for (let second = 1; second <= 60; second += 1)
      state = judge(state, good(second, { canaryWeight: 0, loadBalancer5xx: 0 }), settings).state;
    const crashed = (second: number) =>
      good(60 + second, {
        slots: { canary: counts(0), live: counts(45) },
        loadBalancer5xx: 5,
        targets: { canary: "unknown", live: "unknown" },
      });
    const result = watch(10, crashed, { from: state });
    expect(result.verdict).toBe("rollback");
    expect(result.figures.seconds).toBeLessThanOrEqual(3);
  });

  it("does not come for load balancer errors that were there before the canary", () => {
    let state = startGate(settings);
    for (let second = 1; second <= 60; second += 1)
      state = judge(state, good(second, { canaryWeight: 0, loadBalancer5xx: 1 }), settings).state;
    const result = watch(120, (second) => good(60 + second, { loadBalancer5xx: 1 }), { from: state });
    expect(result.verdict).toBe("promote");
  });

  it("comes for slow requests and for failing workers, and says so", () => {
    const slow = watch(60, (second) =>
      good(second, { slots: { canary: counts(5, 0, 1), live: counts(45) } }),
    );
    expect(slow).toMatchObject({ verdict: "rollback" });
    expect(slow.reasons[0]).toContain("the canary has more slow requests: 20.00 % of");
    const jobs = { canary: { ok: 1, failed: 1 }, live: { ok: 4, failed: 0 } };
    const workers = watch(60, (second) => good(second, { jobs }));
    expect(workers.reasons).toEqual(["the canary's workers fail more jobs than the live slot's"]);
  });

  it("comes at once when no canary target is healthy, but not when the live slot has none either", () => {
    const dead = { healthy: 0, total: 3 };
    const canaryOnly = { canary: dead, live: { healthy: 3, total: 3 } };
    expect(judge(startGate(settings), good(1, { targets: canaryOnly }), settings).reasons).toEqual([
      "none of the canary's 3 targets is healthy",
    ]);
    const both = judge(startGate(settings), good(1, { targets: { canary: dead, live: dead } }), settings);
    expect(both.verdict).toBe("hold");
    expect(both.reasons).toContain("neither slot has a healthy target");
  });

  it("comes for a canary that keeps fewer than half of its targets for half a minute", () => {
    const targets = { canary: { healthy: 1, total: 3 }, live: { healthy: 3, total: 3 } };
    const result = watch(60, (second) => good(second, { targets }));
    expect(result).toMatchObject({ verdict: "rollback", figures: { seconds: 30 } });
  });

  it("comes for a regression that begins late, though all was well before and the live slot had errors", () => {
    const by = { ...settings, gate: { ...settings.gate, holdSeconds: 1000, deadlineSeconds: 1800 } };
    const see = (second: number) => {
      const bad = second > 600 && second % 2 === 0 ? 1 : 0;
      const live = second % 20 === 0 ? 1 : 0;
      return good(second, { slots: { canary: counts(5, bad), live: counts(45, live) } });
    };
    const result = watch(700, see, { by });
    expect(result.verdict).toBe("rollback");
    expect(result.figures.seconds - 600).toBeLessThanOrEqual(40);
  });

  it("stays one, whatever comes later", () => {
    const { state } = watch(10, (second) =>
      good(second, { slots: { canary: counts(5, 5), live: counts(45) } }),
    );
    expect(watch(200, (second) => good(100 + second), { from: state }).verdict).toBe("rollback");
  });

  it("does not come for a burst that hits both slots, however high, late or long", () => {
    const by = { ...settings, gate: { ...settings.gate, holdSeconds: 1000, deadlineSeconds: 1800 } };
    const bursts = [
      fc.constantFrom(1, 2, 5),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom(3, 20, 400),
    ] as const;
    fc.assert(
      fc.property(...bursts, (bad, long, start) => {
        const see = (second: number) => {
          const hit = second > start && second <= start + long;
          return good(second, {
            slots: { canary: counts(5, hit ? bad : 0), live: counts(45, hit ? 9 * bad : 0) },
          });
        };
        expect(watch(start + 40, see, { by }).verdict).not.toBe("rollback");
      }),
      { numRuns: 40 },
    );
  });

  it("does not come for one cluster of five errors, wherever seconds cut it", () => {
    for (const cut of [0, 1, 2, 3, 4]) {
      const errors = (second: number) => (second === 30 ? 5 - cut : second === 31 ? cut : 0);
      const see = (second: number) =>
        good(second, { slots: { canary: counts(5, errors(second)), live: counts(45) } });
      expect(watch(100, see).verdict, `cut after ${5 - cut}`).not.toBe("rollback");
    }
  });

  it("does not come for two clusters in a row where the live slot was seen to have many before the canary", () => {
    const see = (second: number) =>
      good(60 + second, { slots: { canary: counts(5, second < 3 ? 4 : 0), live: counts(45) } });
    const minute = { canaryWeight: 0, seconds: 60 };
    const learnt = (errors: number) =>
      judge(
        startGate(settings),
        good(60, { ...minute, slots: { canary: counts(0), live: counts(2700, errors) } }),
        settings,
      ).state;
    expect(watch(20, see, { from: learnt(0) }).verdict).toBe("rollback");
    expect(watch(20, see, { from: learnt(54) }).verdict).toBe("hold");
  });

  it("does not come for a canary within the objective beside a perfect live slot", () => {
    // One error in 200 seconds of 5 requests: 0.1 %, what the objective allows.
    const by = { ...settings, gate: { ...settings.gate, holdSeconds: 1800, deadlineSeconds: 3600 } };
    const see = (second: number) =>
      good(second, { slots: { canary: counts(5, second % 200 === 0 ? 1 : 0), live: counts(45) } });
    expect(watch(3000, see, { by }).verdict).not.toBe("rollback");
  });
});

describe("the state", () => {
  const seen = fc.array(
    fc.record({
      canary: fc.integer({ min: 0, max: 10 }),
      bad: fc.integer({ min: 0, max: 2 }),
      live: fc.integer({ min: 0, max: 60 }),
      known: fc.boolean(),
    }),
    { maxLength: 40 },
  );
  const toObservation = (
    { canary, bad, live, known }: { canary: number; bad: number; live: number; known: boolean },
    index: number,
  ) =>
    good(index + 1, {
      slots: known ? { canary: counts(canary, Math.min(bad, canary)), live: counts(live) } : "unknown",
    });

  it("survives a deploy that is killed: through JSON it says the same, and an interval judged twice adds nothing", () => {
    fc.assert(
      fc.property(seen, (intervals) => {
        let straight = startGate(settings);
        let resumed = startGate(settings);
        for (const observation of intervals.map(toObservation)) {
          straight = judge(straight, observation, settings).state;
          resumed = judge(resumed, observation, settings).state;
          resumed = judge(JSON.parse(JSON.stringify(resumed)) as GateState, observation, settings).state;
        }
        expect(conclude(resumed, settings)).toEqual(conclude(straight, settings));
      }),
      { numRuns: 50 },
    );
  });

  it("is not changed in place", () => {
    fc.assert(
      fc.property(seen, (intervals) => {
        let state = startGate(settings);
        for (const observation of intervals.map(toObservation)) {
          const before = JSON.stringify(state);
          const { state: next } = judge(state, observation, settings);
          expect(JSON.stringify(state)).toBe(before);
          state = next;
        }
      }),
      { numRuns: 30 },
    );
  });

  it("takes one minute at a time as well as seconds: a bad canary is found, a good one promoted", () => {
    const by = { ...settings, gate: { ...settings.gate, holdSeconds: 120, deadlineSeconds: 900 } };
    const minute = (errors: number) => (index: number) =>
      good(60 * index, { seconds: 60, slots: { canary: counts(300, errors), live: counts(2700, 3) } });
    expect(watch(14, minute(0), { by }).verdict).toBe("promote");
    expect(watch(14, minute(150), { by })).toMatchObject({ verdict: "rollback", figures: { seconds: 60 } });
    expect(watch(14, minute(30), { by }).verdict).toBe("rollback");
  });

  it("refuses an interval without length and a time that is none, and says what to give", () => {
    expect(() => judge(startGate(settings), good(1, { seconds: 0 }), settings)).toThrow("give more than 0");
    expect(() => judge(startGate(settings), good(1, { at: "noon" }), settings)).toThrow(
      "an observation's `at` is noon: give an ISO time or milliseconds since 1970",
    );
  });
});

describe("a bake", () => {
  const promoted = () => startBake(watch(120, (second) => good(second)).state, settings);
  const all = (second: number, errors = 0) =>
    good(100 + second, { canaryWeight: 100, slots: { canary: counts(50, errors), live: counts(0) } });

  it("ends well after its minutes, with nobody to compare with", () => {
    expect(watch(100, (second) => all(second), { from: promoted() })).toMatchObject({
      verdict: "promote",
      figures: { seconds: 60 },
    });
  });

  it("rolls back a release that goes bad only now", () => {
    const result = watch(60, (second) => all(second, second > 20 ? 3 : 0), { from: promoted() });
    expect(result.verdict).toBe("rollback");
    expect(result.figures.seconds).toBeLessThanOrEqual(30);
  });

  it("that ends without metrics is no success", () => {
    const blind = (second: number) => ({ ...all(second), slots: "unknown" as const });
    expect(watch(100, blind, { from: promoted() })).toMatchObject({ verdict: "hold", deadlinePassed: true });
  });
});
