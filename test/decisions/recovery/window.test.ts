import fc from "fast-check";
import { DateTime } from "luxon";
import { describe, expect, it } from "vitest";
import { firstGap } from "../../../decisions/recovery/segments";
import { lagSeconds, outsideRestorable, readInstant } from "../../../decisions/recovery/window";

describe("a time to restore to", () => {
  it.each([
    ["2026-11-24T21:40:00Z", "2026-11-24T21:40:00.000000Z"],
    ["2026-11-24T23:40:00+02:00", "2026-11-24T21:40:00.000000Z"],
    ["2026-11-24T21:40:00.123456Z", "2026-11-24T21:40:00.123456Z"],
    ["2026-11-24T21:40:00.5+00", "2026-11-24T21:40:00.500000Z"],
  ])("%s is read as %s", (text, instant) => expect(readInstant(text)).toMatchObject({ ok: true, instant }));

  it.each([
    ["yesterday", /no ISO 8601 time/],
    ["2026-11-24T21:40:00", /does not say its zone/],
    ["2026-11-24", /does not say its zone/],
    ["2026-13-24T21:40:00Z", /no ISO 8601 time/],
  ])("%s is refused", (text, fault) =>
    expect(readInstant(text)).toMatchObject({ ok: false, issue: expect.stringMatching(fault) as string }),
  );

  it("is the same instant whatever zone it is given in", () => {
    const zones = fc.constantFrom("Africa/Cairo", "Asia/Kolkata", "America/New_York", "UTC");
    fc.assert(
      fc.property(fc.integer({ min: 1e12, max: 3e12 }), zones, (ms, zone) => {
        const read = readInstant(DateTime.fromMillis(ms, { zone }).toISO() ?? "");
        expect(read.ok && Date.parse(read.instant)).toBe(ms);
      }),
      { numRuns: 3000 },
    );
  });

  it("lies inside exactly when it is neither before the oldest nor after the newest", () => {
    const times = fc.integer({ min: 1e12, max: 1e12 + 50 });
    fc.assert(
      fc.property(times, times, times, (a, b, at) => {
        const iso = (ms: number) => new Date(ms).toISOString();
        const [oldest, newest] = [Math.min(a, b), Math.max(a, b)];
        const reason = outsideRestorable(iso(at), { oldest: iso(oldest), newest: iso(newest) });
        expect(reason === undefined).toBe(at >= oldest && at <= newest);
      }),
      { numRuns: 3000 },
    );
    expect(outsideRestorable("2026-11-24T21:40:00Z", undefined)).toMatch(/nothing can be restored/);
    const range = { oldest: "2026-11-24T21:00:00Z", newest: "2026-11-24T22:00:00Z" };
    expect(outsideRestorable("nonsense", range)).toMatch(/is no time/);
  });

  it("is never less than nothing behind", () => {
    const now = DateTime.fromISO("2026-11-24T22:00:00Z");
    expect(lagSeconds("2026-11-24T21:55:00Z", now)).toBe(300);
    expect(lagSeconds("2026-11-24T22:00:01Z", now)).toBe(0);
  });
});

describe("the segments of an archive", () => {
  const name = (at: number) =>
    `00000001${Math.floor(at / 256)
      .toString(16)
      .toUpperCase()
      .padStart(8, "0")}${(at % 256).toString(16).toUpperCase().padStart(8, "0")}`;

  it("have a gap exactly where one was taken out of the middle", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100_000 }),
        fc.integer({ min: 3, max: 40 }),
        fc.nat(),
        (first, count, which) => {
          const all = Array.from({ length: count }, (_, n) => name(first + n));
          expect(firstGap(all, name(first))).toBeUndefined();
          const lost = first + 1 + (which % (count - 2));
          expect(
            firstGap(
              all.filter((one) => one !== name(lost)),
              name(first),
            ),
          ).toBe(name(lost));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("of another timeline fill no gap", () =>
    expect(firstGap([name(1), name(2).replace(/^0{7}1/, "00000002"), name(3)], name(1))).toBe(name(2)));
});
