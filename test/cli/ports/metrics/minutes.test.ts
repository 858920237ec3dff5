import { describe, expect, it } from "vitest";
import fc from "fast-check";
import type { Measured } from "../../../../cli/ports/metrics/measured";
import {
  advance,
  countMinute,
  minute,
  minuteCursor,
  startMinute,
  type Figures,
} from "../../../../cli/ports/metrics/minutes";

const begin = 1_700_000_040_000;
const start = (index: number): number => begin + index * minute;
const settle = 60_000;

/** Figures from `{ name: { index of the minute: value } }`. */
const figures = (table: Record<string, Record<number, number>>): Figures =>
  new Map(
    Object.entries(table).map(([name, values]) => [
      name,
      new Map(Object.entries(values).map(([index, value]) => [start(Number(index)), value])),
    ]),
  );
const look = (known: Figures, after: number, cursor = startMinute(begin), hasJobs = false) =>
  advance(cursor, known, begin + after * 1000, settle, "green", hasJobs);
const counts = (requests: number, errors = 0, slow = 0) => ({ requests, errors, slow });

describe("a minute of CloudWatch", () => {
  it("has no errors where requests are and errors are not", () =>
    expect(countMinute(figures({ blue_requests: { 0: 90 } }), start(0))).toEqual({
      blue: counts(90),
      green: counts(0),
      own: 0,
    }));
  it("is unknown where neither slot has requests", () =>
    expect(countMinute(figures({ blue_failed: { 0: 3 }, own502: { 0: 3 } }), start(0))).toBeUndefined());
  it("counts a refused connection as its slot's error, and not as the load balancer's too", () =>
    expect(
      countMinute(
        figures({
          blue_requests: { 0: 90 },
          green_requests: { 0: 10 },
          green_unconnected: { 0: 10 },
          own502: { 0: 12 },
          own503: { 0: 1 },
        }),
        start(0),
      ),
    ).toEqual({ blue: counts(90), green: counts(10, 10), own: 3 }));
  it("has as many slow requests as are beyond the percentile rank", () =>
    expect(
      countMinute(
        figures({
          green_requests: { 0: 100 },
          green_responses: { 0: 100 },
          green_fastPercent: { 0: 93 },
        }),
        start(0),
      )?.green,
    ).toEqual(counts(100, 0, 7)));
  it("is not known yet while it has responses and no percentile rank", () =>
    expect(
      countMinute(figures({ green_requests: { 0: 9 }, green_responses: { 0: 9 } }), start(0)),
    ).toBeUndefined());
});

describe("advancing by the minute", () => {
  const steady = figures({ blue_requests: { 0: 90, 1: 90, 2: 90 }, green_requests: { 0: 10, 1: 10, 2: 10 } });
  it("takes a minute once it has settled, and not before", () => {
    expect(look(steady, 119.9).intervals).toEqual([]);
    expect(look(steady, 120).intervals).toEqual([
      {
        at: start(1),
        seconds: 60,
        slots: { canary: counts(10), live: counts(90) },
        loadBalancer5xx: 0,
      },
    ]);
  });
  it("takes all that are due, in order", () =>
    expect(look(steady, 240).intervals.map(({ at }) => at)).toEqual([start(1), start(2), start(3)]));
  it("waits for a minute that is late, then calls it unknown, never zero", () => {
    const late = figures({ blue_requests: { 1: 90 } });
    expect(look(new Map(), 299).intervals).toEqual([]);
    expect(look(new Map(), 300).intervals).toMatchObject([{ slots: "unknown", loadBalancer5xx: "unknown" }]);
    expect(look(late, 120).intervals).toMatchObject([{ slots: { live: counts(0) } }]);
  });
  it("does not take a minute for empty whose percentile rank is only late", () =>
    expect(
      look(figures({ blue_requests: { 0: 90, 1: 90 }, blue_responses: { 0: 90 } }), 130).intervals,
    ).toEqual([]));
  it("adds what arrives late to the next interval", () => {
    const { cursor } = look(figures({ blue_requests: { 0: 50 } }), 120);
    const after = figures({ blue_requests: { 0: 90, 1: 90 }, blue_failed: { 0: 2, 1: 1 } });
    expect(look(after, 180, cursor).intervals).toMatchObject([{ slots: { live: counts(130, 3) } }]);
  });
  it("takes nothing back where a minute shows less than it did", () => {
    const { cursor } = look(figures({ blue_requests: { 0: 90 } }), 120);
    const less = figures({ blue_requests: { 0: 50, 1: 90 } });
    expect(look(less, 180, cursor).intervals).toMatchObject([{ slots: { live: counts(90) } }]);
  });
  it("calls a canary's jobs unknown where its workers say nothing, and leaves them out where none are looked for", () => {
    const [silent] = look(steady, 120, startMinute(begin), true).intervals;
    expect(silent?.jobs).toBe("unknown");
    const told = new Map([...steady, ...figures({ green_jobsOk: { 0: 4 }, green_jobsFailed: { 0: 1 } })]);
    const [known] = look(told, 120, startMinute(begin), true).intervals;
    expect(known?.jobs).toEqual({ canary: { ok: 4, failed: 1 }, live: { ok: 0, failed: 0 } });
    expect(look(told, 120).intervals[0]).not.toHaveProperty("jobs");
  });

  it("counts each request once, whenever it is looked at, by whichever process, however late figures arrive", () => {
    const aMinute = fc.record({
      live: fc.integer({ min: 1, max: 500 }),
      canary: fc.nat(50),
      failed: fc.nat(60),
      own: fc.nat(9),
      // When a first part and all of it can be read, seconds after its end.
      part: fc.integer({ min: 0, max: 60 }),
      all: fc.integer({ min: 60, max: 200 }),
    });
    fc.assert(
      fc.property(
        fc.array(aMinute, { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 59 }), { minLength: 1, maxLength: 20 }),
        (minutes, pauses) => {
          const read = (now: number): Figures => {
            const table: Record<string, Record<number, number>> = {};
            minutes.forEach((one, index) => {
              const age = (now - start(index + 1)) / 1000;
              const part = age >= one.all ? 1 : age >= one.part ? 0.5 : undefined;
              if (part === undefined) return;
              const put = (name: string, value: number) => {
                if (value > 0) (table[name] ??= {})[index] = Math.ceil(value * part);
              };
              put("blue_requests", one.live);
              put("green_requests", one.canary);
              put("green_failed", Math.min(one.canary, one.failed));
              put("own503", one.own);
            });
            return figures(table);
          };
          let cursor = startMinute(begin);
          const seen: Measured[] = [];
          const end = (minutes.length + 6) * 60;
          for (let after = 0, index = 0; after < end; index += 1) {
            after += pauses[index % pauses.length] ?? 1;
            const now = begin + after * 1000;
            // After the last minute with figures there are none: those are left out of the comparison.
            const step = advance(cursor, read(now), now, settle, "green", false);
            cursor = minuteCursor.parse(JSON.parse(JSON.stringify(step.cursor)));
            seen.push(...step.intervals);
          }
          expect(seen.map(({ at }) => at)).toEqual(seen.map((_, index) => start(index + 1)));
          const total = { live: 0, canary: 0, errors: 0, own: 0 };
          for (const { slots, loadBalancer5xx } of seen) {
            if (slots === "unknown") continue;
            total.live += slots.live.requests;
            total.canary += slots.canary.requests;
            total.errors += slots.canary.errors;
            total.own += Number(loadBalancer5xx);
          }
          // What arrives after the last counted minute has no interval left to be added to.
          const settled = minutes.slice(0, -4);
          const sum = (of: (one: (typeof minutes)[number]) => number, some = minutes) =>
            some.reduce((all, one) => all + of(one), 0);
          for (const [counted, of] of [
            [total.live, (one: (typeof minutes)[number]) => one.live],
            [total.canary, (one: (typeof minutes)[number]) => one.canary],
            [total.errors, (one: (typeof minutes)[number]) => Math.min(one.canary, one.failed)],
            [total.own, (one: (typeof minutes)[number]) => one.own],
          ] as const) {
            expect(counted).toBeLessThanOrEqual(sum(of));
            expect(counted).toBeGreaterThanOrEqual(sum(of, settled));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
