import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  changeWindowSchema,
  closedOn,
  readTime,
  shown,
  windowAt,
  type ChangeCalendar,
} from "../../../decisions/approval/changeWindow";

/** Every day of these years is asked, in each zone. */
const [firstYear, lastYear] = [2023, 2035];

const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** Usual hours, hours with a bound in what Cairo skips or repeats, and the same for Lord Howe's half hour. */
const cases = ["Africa/Cairo", "Africa/Johannesburg", "Australia/Lord_Howe"].flatMap((zone) =>
  (
    [
      ["07:30", "15:00"],
      ["00:00", "24:00"],
      ["00:30", "23:30"],
      ["01:45", "02:15"],
    ] as const
  ).map(([from, to]) => ({
    zone,
    from,
    to,
    days: from === "07:30" ? [6, 0, 1, 2, 3] : [0, 1, 2, 3, 4, 5, 6],
  })),
);

const calendarOf = ({ zone, from, to, days }: (typeof cases)[number]): ChangeCalendar =>
  changeWindowSchema.parse({
    zone,
    schoolDays: days.map((index) => weekdays[index]),
    schoolHours: { from, to },
  });

const cairo = calendarOf(cases[0]!);
const minute = 60_000;

type Oracle = Record<string, [number, number]>;
let oracle: Oracle[] = [];

beforeAll(() => {
  oracle = JSON.parse(
    execFileSync("python", [join(__dirname, "change_window_oracle.py")], {
      input: JSON.stringify({ from: firstYear, to: lastYear, cases }),
      encoding: "utf8",
      maxBuffer: 1 << 26,
      timeout: 60_000,
    }),
  ) as Oracle[];
}, 60_000);

describe("the closed hours of a day", () => {
  it.each(cases.map((entry, index) => [entry.zone, entry.from, entry.to, index] as const))(
    "are what zoneinfo says in %s from %s to %s, on every day of thirteen years",
    (_zone, _from, _to, index) => {
      const calendar = calendarOf(cases[index]!);
      const wrong: unknown[] = [];
      let days = 0;
      for (let at = Date.UTC(firstYear, 0, 1); at < Date.UTC(lastYear + 1, 0, 1); at += 24 * 60 * minute) {
        const date = new Date(at).toISOString().slice(0, 10);
        const closed = closedOn(date, calendar);
        const found = closed && [closed.from / minute, closed.to / minute];
        // Hours that a shift leaves nothing of are no hours.
        const real = found && found[0]! < found[1]! ? found : undefined;
        const [from, to] = oracle[index]![date] ?? [0, 0];
        const wanted = from > 0 && from < to ? [from, to] : undefined;
        if (JSON.stringify(real) !== JSON.stringify(wanted)) wrong.push({ date, real, wanted });
        days++;
      }
      expect(wrong).toEqual([]);
      expect(days).toBe(4748);
    },
  );
});

describe("a window", () => {
  const instants = fc.record({
    index: fc.constantFrom(...cases.flatMap(({ from }, index) => (from === "00:00" ? [] : [index]))),
    at: fc.integer({ min: Date.UTC(firstYear, 0, 10), max: Date.UTC(lastYear, 11, 20) }),
  });

  it("is open exactly outside of the closed hours, and says when that changes", () => {
    const sorted = oracle.map((days) =>
      Object.values(days)
        .filter(([from, to]) => from > 0 && from < to)
        .map(([from, to]) => [from * minute, to * minute] as const)
        .sort(([a], [b]) => a - b),
    );
    fc.assert(
      fc.property(instants, ({ index, at }) => {
        const days = sorted[index]!;
        const inside = days.findIndex(([from, to]) => from <= at && at < to);
        const state = windowAt(new Date(at), calendarOf(cases[index]!));
        if (inside === -1) {
          expect(state).toEqual({ open: true, closes: new Date(days.find(([from]) => from > at)![0]) });
          return;
        }
        let end = inside;
        while (days[end + 1] && days[end + 1]![0] <= days[end]![1]) end++;
        expect(state).toMatchObject({ open: false });
        expect(state).toHaveProperty("opens", new Date(days[end]![1]));
      }),
      { numRuns: 2000 },
    );
  });

  it("does not close on a holiday, and is closed all day in a freeze, a holiday or not", () => {
    const sunday = "2026-11-29T08:00Z";
    expect(windowAt(new Date(sunday), cairo)).toMatchObject({
      open: false,
      opens: new Date("2026-11-29T13:00Z"),
      why: "school hours are 07:30 to 15:00 on a sunday",
    });
    const holiday = { ...cairo, holidays: ["2026-11-29"] };
    expect(windowAt(new Date(sunday), holiday)).toEqual({
      open: true,
      closes: new Date("2026-11-30T05:30Z"),
    });
    const freezes = [{ from: "2026-11-29", to: "2026-12-01", name: "exams" }];
    expect(windowAt(new Date("2026-11-30T00:00Z"), { ...holiday, freezes })).toEqual({
      open: false,
      why: "2026-11-30 is frozen: exams",
      opens: new Date("2026-12-01T22:00Z"),
    });
  });

  it("never opens where every hour of every day is school, and never closes where all days are holidays", () => {
    const allDays = calendarOf(cases[1]!);
    expect(windowAt(new Date("2026-11-29T08:00Z"), allDays)).not.toHaveProperty("opens");
    const dates = Array.from({ length: 500 }, (_, index) =>
      new Date(Date.UTC(2026, 10, 1) + index * 24 * 60 * minute).toISOString().slice(0, 10),
    );
    const state = windowAt(new Date("2026-11-29T08:00Z"), { ...cairo, holidays: dates });
    expect(state).toEqual({ open: true });
  });

  it("that begins at a midnight that does not exist begins when the clock first shows that day", () => {
    const freezes = [{ from: "2026-04-23", to: "2026-04-23", name: "exams" }];
    const frozen = windowAt(new Date("2026-04-23T12:00Z"), { ...cairo, freezes });
    expect(frozen).toMatchObject({ opens: new Date("2026-04-23T22:00Z") });
    expect(shown(new Date("2026-04-23T22:00Z"), "Africa/Cairo")).toBe(
      "Fri, 24 Apr 2026, 01:00 Africa/Cairo (2026-04-23T22:00Z)",
    );
  });
});

describe("a time that a person types", () => {
  it("is of the zone, unless it says otherwise", () => {
    expect(readTime("2026-11-27T22:00", "Africa/Cairo")).toEqual({
      ok: true,
      at: new Date("2026-11-27T20:00Z"),
    });
    expect(readTime("2026-11-27T22:00Z", "Africa/Cairo")).toEqual({
      ok: true,
      at: new Date("2026-11-27T22:00Z"),
    });
    expect(readTime("2026-10-29T23:30+02:00", "Africa/Cairo")).toEqual({
      ok: true,
      at: new Date("2026-10-29T21:30Z"),
    });
  });

  it.each([
    ["2026-04-24T00:30", /does not exist.*01:00 Africa\/Cairo \(2026-04-23T22:00Z\)/],
    ["2026-10-29T23:30", /comes twice.*2026-10-29T20:30Z or 2026-10-29T21:30Z/],
    ["tomorrow", /is no time; allowed is/],
    ["2026-13-01T00:00", /is no time/],
  ])("is refused when it is %s", (text, reason) => {
    const read = readTime(text, "Africa/Cairo");
    expect(read.ok ? "" : read.reason).toMatch(reason);
  });
});

describe("config changeWindow", () => {
  it.each([
    [{ zone: "Africa/Kairo" }, /IANA time zone/],
    [{ schoolHours: { from: "15:00", to: "07:30" } }, /before/],
    [{ schoolHours: { from: "7:30", to: "15:00" } }, /time of day/],
    [{ freezes: [{ from: "2026-06-30", to: "2026-06-01", name: "exams" }] }, /before it begins/],
    [{ holidays: ["tomorrow"] }, /ISO date/],
  ])("refuses %j", (change, message) => {
    const parsed = changeWindowSchema.safeParse({ schoolHours: { from: "07:30", to: "15:00" }, ...change });
    expect(parsed.success ? "" : parsed.error.message).toMatch(message);
  });
});
