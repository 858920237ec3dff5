import { describe, expect, it } from "vitest";
import fc from "fast-check";
import {
  counterCursor,
  increments,
  startAt,
  type PodCounters,
} from "../../../../cli/ports/metrics/increments";

const at = (seconds: number): number => 1_700_000_000_000 + seconds * 1000;
const pod = (name: string, seconds: number, requests: number, errors = 0): PodCounters => ({
  slot: "green",
  pod: name,
  at: at(seconds),
  counts: { requests, errors },
});
const begin = (...pods: PodCounters[]) => startAt(pods, at(0), 0.5);
const grown = (before: PodCounters[], after: PodCounters[]) =>
  increments(begin(...before), after).slots.green;

describe("increments of counters", () => {
  it("are what a pod's counter grew by", () =>
    expect(grown([pod("a", 0, 100, 3)], [pod("a", 1, 110, 5)])).toEqual({ requests: 10, errors: 2 }));
  it("begin at 0 for a pod that is new", () =>
    expect(grown([pod("a", 0, 100)], [pod("a", 1, 100), pod("b", 1, 7, 1)])).toEqual({
      requests: 7,
      errors: 1,
    }));
  it("count anew after a process began anew in its pod", () =>
    expect(grown([pod("a", 0, 100, 3)], [pod("a", 1, 4, 1)])).toEqual({ requests: 4, errors: 1 }));
  it("see the first error of a pod that had no such series before", () => {
    const quiet: PodCounters = { ...pod("a", 0, 100), counts: { requests: 100 } };
    expect(grown([quiet], [pod("a", 1, 110, 1)])).toEqual({ requests: 10, errors: 1 });
  });
  it("take nothing for a restart where a series is only missing", () => {
    const half: PodCounters = { ...pod("a", 1, 0), counts: { errors: 3 } };
    expect(grown([pod("a", 0, 100, 3)], [half])).toEqual({ errors: 0 });
  });
  it("do not count a pod's whole life when it is seen again after an outage", () => {
    const { cursor } = increments(begin(pod("a", 0, 1000), pod("b", 0, 1000)), [pod("a", 1, 1010)]);
    expect(increments(cursor, [pod("a", 2, 1010), pod("b", 2, 1025)]).slots.green?.requests).toBe(25);
  });
  it("take a pod that turns up after a long outage as a start only: it may have counted for days", () => {
    const { cursor, slots } = increments(begin(pod("a", 0, 10)), [pod("a", 31, 12), pod("b", 31, 5000)]);
    expect(slots.green?.requests).toBe(2);
    expect(increments(cursor, [pod("b", 32, 5003)]).slots.green?.requests).toBe(3);
  });
  it("say nothing of a slot without pods", () => expect(grown([pod("a", 0, 1)], [])).toBeUndefined());

  it("add up to what was really counted, through restarts, new and vanished pods, and a resumed process", () => {
    const step = fc.record({
      pod: fc.constantFrom("a", "b", "c", "d"),
      event: fc.constantFrom("grow", "restart", "unseen", "vanish"),
      count: fc.nat(50),
      resumed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 30 }), (looks) => {
        const value = new Map<string, number>([["a", 1000]]);
        const life = new Map<string, number>();
        let cursor = startAt([pod("a0", 0, 1000)], at(0), 0.5);
        let truth = 0;
        let counted = 0;
        const look = (second: number, hidden: ReadonlySet<string>) => {
          const seen = [...value]
            .filter(([name]) => !hidden.has(name))
            .map(([name, requests]) => pod(`${name}${life.get(name) ?? 0}`, second, requests));
          const { cursor: next, slots } = increments(cursor, seen);
          counted += slots.green?.requests ?? 0;
          cursor = next;
        };
        looks.forEach((steps, index) => {
          const hidden = new Set<string>();
          const touched = new Set<string>();
          for (const { pod: name, event, count, resumed } of steps) {
            if (touched.has(name)) continue;
            touched.add(name);
            if (resumed) cursor = counterCursor.parse(JSON.parse(JSON.stringify(cursor)));
            const before = value.get(name);
            if (event === "vanish") {
              value.delete(name);
              life.set(name, (life.get(name) ?? 0) + 1);
              continue;
            }
            // A restart shows only if the process has counted less than its forerunner had when it was last seen.
            const isRestart = event === "restart" && before !== undefined && count < before;
            if (event === "unseen") hidden.add(name);
            truth += count;
            value.set(name, isRestart ? count : (before ?? 0) + count);
          }
          // Unseen growth of a pod that then vanishes or restarts is lost; here it is seen first.
          look(index + 1, new Set());
          look(index + 1.5, hidden);
        });
        expect(counted).toBe(truth);
      }),
      { numRuns: 2000 },
    );
  });

  it("are never below zero, whatever the counters do", () => {
    const anyPod = fc.record({
      slot: fc.constantFrom("blue" as const, "green" as const),
      pod: fc.constantFrom("a", "b", "c"),
      at: fc.integer({ min: 0, max: 100 }).map(at),
      counts: fc.record(
        { requests: fc.nat(1000), errors: fc.nat(100), timed: fc.nat(1000), fast: fc.nat(1000) },
        { requiredKeys: [] },
      ),
    });
    fc.assert(
      fc.property(fc.array(anyPod), fc.array(anyPod), (before, after) => {
        const { slots } = increments(startAt(before, at(0), 0.5), after);
        for (const counts of Object.values(slots))
          for (const count of Object.values(counts)) expect(count).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });
});
