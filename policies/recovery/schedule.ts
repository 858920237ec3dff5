import { CronExpressionParser } from "cron-parser";
import { DateTime, IANAZone } from "luxon";

/**
 * How often a schedule of AWS (Backup, EventBridge) really runs: its expression, expanded over a year in its time zone.
 *
 * A local time that the clocks skip in spring does not run; one that occurs twice in autumn counts once, because AWS does
 * not document a second run. So an hourly cron in a zone with summer time has one gap of two hours a year.
 */

/** The longest time between two runs, minutes: `Infinity` with fewer than two runs a year. Or why it cannot be expanded. */
export type Expanded = { ok: true; longestGapMinutes: number; runs: number } | { ok: false; issue: string };

const unitMinutes: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440 };

/** Days that are expanded: a year, and a few more so that a yearly schedule occurs twice. */
const days = 368;
const dayMinutes = 1440;

/**
 * Expands `cron(minutes hours day-of-month month day-of-week year)` or `rate(number unit)`.
 * @param zone IANA zone that cron times are in; AWS's default is Etc/UTC.
 * @param from start of the year
 */
export function expand(expression: string, zone: string, from: Date): Expanded {
  const [, number, unit = ""] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression.trim()) ?? [];
  if (number !== undefined) {
    const gap = Number(number) * (unitMinutes[unit] ?? 0);
    if (gap <= 0) return { ok: false, issue: `${expression} never runs` };
    return { ok: true, longestGapMinutes: gap, runs: Math.floor((365 * dayMinutes) / gap) };
  }
  const [, inner] = /^cron\((.+)\)$/.exec(expression.trim()) ?? [];
  const fields = inner?.trim().split(/\s+/) ?? [];
  if (fields.length !== 6)
    return {
      ok: false,
      issue: `${expression} is neither cron(minutes hours day-of-month month day-of-week year) nor rate(number unit)`,
    };
  if (!IANAZone.isValidZone(zone)) return { ok: false, issue: `${zone} is not the name of a time zone` };
  try {
    return gaps(instants(fields as Fields, zone, from));
  } catch (error) {
    return {
      ok: false,
      issue: `${expression} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

type Fields = [
  minutes: string,
  hours: string,
  dayOfMonth: string,
  month: string,
  dayOfWeek: string,
  year: string,
];

/** Minutes since the epoch of every run within a year, in order. */
function instants([minutes, hours, dayOfMonth, month, dayOfWeek, year]: Fields, zone: string, from: Date) {
  const times = CronExpressionParser.parse(`${minutes} ${hours} * * *`, { tz: "UTC" }).fields;
  const ofDay = times.hour.values
    .flatMap((hour) => times.minute.values.map((minute) => Number(hour) * 60 + Number(minute)))
    .sort((a, b) => a - b);
  const start = DateTime.fromJSDate(from, { zone }).startOf("day");
  const found: number[] = [];
  for (const day of calendarDays(dayOfMonth, month, dayOfWeek, start)) {
    if (!yearMatches(year, day.year)) continue;
    const { year: y, month: m, day: d } = day;
    const begin = DateTime.fromObject({ year: y, month: m, day: d }, { zone });
    const end = begin.plus({ days: 1 });
    const base = begin.toMillis() / 60_000;
    if (begin.hour === 0 && end.hour === 0 && begin.offset === end.offset)
      for (const minute of ofDay) found.push(base + minute);
    else
      for (const minute of ofDay) {
        const [hour, rest] = [Math.floor(minute / 60), minute % 60];
        const at = DateTime.fromObject({ year: y, month: m, day: d, hour, minute: rest }, { zone });
        // Luxon moves a time that does not exist; a moved one does not run.
        if (at.hour === hour && at.minute === rest) found.push(at.toMillis() / 60_000);
      }
  }
  return found.sort((a, b) => a - b);
}

/** The days of the year that the three day fields match, as dates without a zone. */
function calendarDays(dayOfMonth: string, month: string, dayOfWeek: string, start: DateTime): DateTime[] {
  const open = (field: string): string => (field === "?" ? "*" : field);
  // AWS counts weekdays from 1 for Sunday, cron-parser from 0.
  const weekday = open(dayOfWeek).replace(
    /(^|[,-])([1-7])/g,
    (_, before: string, day: string) => `${before}${Number(day) - 1}`,
  );
  const first = DateTime.utc(start.year, start.month, start.day);
  if ([dayOfMonth, month, weekday].every((field) => open(field) === "*"))
    return Array.from({ length: days }, (_, day) => first.plus({ days: day }));
  const expression = CronExpressionParser.parse(`0 12 ${open(dayOfMonth)} ${open(month)} ${weekday}`, {
    tz: "UTC",
    currentDate: first.toJSDate(),
    endDate: first.plus({ days }).toJSDate(),
  });
  const found: DateTime[] = [];
  while (expression.hasNext())
    found.push(DateTime.fromJSDate(expression.next().toDate(), { zone: "utc" }).startOf("day"));
  return found;
}

function yearMatches(field: string, year: number): boolean {
  return field.split(",").some((part) => {
    const [, low, high, step] = /^(\*|\d{4})(?:-(\d{4}))?(?:\/(\d+))?$/.exec(part) ?? [];
    if (low === undefined) throw new Error(`year is ${field}`);
    const begin = low === "*" ? 1970 : Number(low);
    const end = high !== undefined ? Number(high) : low === "*" || step !== undefined ? 2199 : begin;
    return year >= begin && year <= end && (year - begin) % Number(step ?? 1) === 0;
  });
}

function gaps(found: readonly number[]): Expanded {
  let longest = found.length < 2 ? Infinity : 0;
  for (let n = 1; n < found.length; n += 1)
    longest = Math.max(longest, (found[n] ?? 0) - (found[n - 1] ?? 0));
  return { ok: true, longestGapMinutes: longest, runs: found.length };
}
