import { CronExpressionParser } from "cron-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expand } from "../../../policies/recovery/schedule";

const from = new Date("2026-11-24T00:00:00Z");
const gap = (expression: string, zone = "Etc/UTC"): number | string => {
  const expanded = expand(expression, zone, from);
  return expanded.ok ? expanded.longestGapMinutes : expanded.issue;
};

describe("the longest gap of a schedule", () => {
  it.each([
    ["cron(0 * * * ? *)", 60],
    ["cron(0/30 * * * ? *)", 30],
    ["cron(0,50 * * * ? *)", 50],
    ["cron(0 1-22 * * ? *)", 180],
    ["cron(0 3 * * ? *)", 1440],
    ["cron(0 * ? * MON-FRI *)", 2 * 1440 + 60],
    ["cron(0 * ? * 2-6 *)", 2 * 1440 + 60],
    ["cron(0 3 1 1,4,7,10 ? *)", 92 * 1440],
    ["cron(0 3 L * ? *)", 31 * 1440],
    ["rate(1 hour)", 60],
    ["rate(90 minutes)", 90],
    ["rate(2 days)", 2880],
  ])("of %s is %i minutes", (expression, minutes) => expect(gap(expression)).toBe(minutes));

  it("has an hour more in the night in which a zone's clocks go back, and a day more for one that falls into the skipped hour", () => {
    expect(gap("cron(0 * * * ? *)", "Africa/Cairo")).toBe(120);
    expect(gap("cron(30 0 * * ? *)", "Africa/Cairo")).toBe(2 * 1440 - 60);
    expect(gap("cron(0 3 * * ? *)", "Africa/Cairo")).toBe(1440 + 60);
  });

  it("is without end for a schedule of one year", () => {
    expect(gap("cron(0 3 1 1 ? 2027)")).toBe(Infinity);
    expect(gap("cron(0 3 1 1 ? 2025)")).toBe(Infinity);
  });

  it.each([
    "hourly",
    "cron(0 * * *)",
    "cron(61 * * * ? *)",
    "rate(0 hours)",
    "rate(1 week)",
    "cron(0 * * * ? often)",
  ])("is not guessed for %s", (expression) => expect(gap(expression)).toBeTypeOf("string"));

  it("needs a zone that exists", () =>
    expect(gap("cron(0 * * * ? *)", "Africa/Caiiro")).toContain("Africa/Caiiro"));

  it("agrees with cron-parser, run by run, in a zone without summer time", () => {
    const field = (least: number, most: number) =>
      fc.oneof(
        fc.constant("*"),
        fc
          .uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 3 })
          .map((list) => list.join(",")),
      );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 2 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 2 }),
        field(1, 28),
        field(1, 12),
        (minutes, hours, day, month) => {
          const iterator = CronExpressionParser.parse(`${minutes.join()} ${hours.join()} ${day} ${month} *`, {
            tz: "UTC",
            currentDate: new Date(from.getTime() - 1),
            endDate: new Date(from.getTime() + 368 * 86_400_000 - 1),
          });
          let [longest, last, runs] = [0, NaN, 0];
          while (iterator.hasNext()) {
            const at = iterator.next().getTime() / 60_000;
            if (runs > 0) longest = Math.max(longest, at - last);
            [last, runs] = [at, runs + 1];
          }
          expect(
            expand(`cron(${minutes.join()} ${hours.join()} ${day} ${month} ? *)`, "Etc/UTC", from),
          ).toEqual({
            ok: true,
            longestGapMinutes: runs < 2 ? Infinity : longest,
            runs,
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
