import { IANAZone } from "luxon";
import { z } from "zod";

/**
 * When a change that cannot be undone may run: outside of a school's hours. Only {@link closedOn} turns local days and hours
 * into instants, because a clock that is put forward skips hours (in Egypt midnight itself, one Friday a year) and one that is
 * put back shows some twice.
 */

const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const time = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "must be a time of day such as 07:30, up to 24:00");

const freeze = z
  .strictObject({
    /** First day, ISO date. */
    from: z.iso.date(),
    /** Last day, ISO date; it is closed too. */
    to: z.iso.date(),
    /** What the days are for, such as `final exams`. */
    name: z.string().min(1),
  })
  .refine(({ from, to }) => from <= to, "must not end before it begins");

/** Config `changeWindow`. */
export const changeWindowSchema = z.strictObject({
  /** IANA time zone in which days and hours are meant, and times are shown. Default `Africa/Cairo`. */
  zone: z
    .string()
    .default("Africa/Cairo")
    .refine((name) => IANAZone.isValidZone(name), "must be an IANA time zone such as Africa/Cairo"),
  /** Days on which there is school. Default Sunday to Thursday. */
  schoolDays: z
    .array(z.enum(weekdays))
    .min(1)
    .default(["sunday", "monday", "tuesday", "wednesday", "thursday"]),
  /** Hours in which nothing irreversible runs on a school day; `to` is the first minute after them. */
  schoolHours: z
    .strictObject({ from: time, to: time })
    .refine(({ from, to }) => from < to, "`from` must be before `to`"),
  /** School days without school, ISO dates: the whole day is open. Religious holidays follow the moon, so they are data. */
  holidays: z.array(z.iso.date()).default([]),
  /** Days on which nothing irreversible runs at any hour, such as exams. They win over holidays. */
  freezes: z.array(freeze).default([]),
  /** Hours between the notice to guardians and a change that affects them, 1 to 720. Default 48. */
  noticeHours: z.int().min(1).max(720).default(48),
});
export type ChangeCalendar = z.infer<typeof changeWindowSchema>;

/** A stretch of time in which nothing irreversible runs, milliseconds since 1970; `to` is the first instant after it. */
interface Closed {
  from: number;
  to: number;
  why: string;
}

/** Where an instant stands. `closes` and `opens` are undefined when that is more than {@link horizonDays} away. */
export type WindowState = { open: true; closes?: Date } | { open: false; why: string; opens?: Date };

/** Days that are looked ahead for the end or the start of a window. */
export const horizonDays = 400;

const day = 86_400_000;

/** The days that decide about an instant, with local midnight read as if it were UTC. */
const localDay = (at: number, zone: IANAZone): number =>
  Math.floor((at + zone.offset(at) * 60_000) / day) * day;

const isoDate = (midnight: number): string => new Date(midnight).toISOString().slice(0, 10);

/** When a calendar is closed on a local date (ISO), if it is. */
export function closedOn(date: string, calendar: ChangeCalendar): Closed | undefined {
  const zone = IANAZone.create(calendar.zone);
  const midnight = Date.parse(`${date}T00:00Z`);
  const between = (from: string, to: string, why: string): Closed => ({
    from: readings(midnight + minutesOf(from) * 60_000, zone).first,
    to: readings(midnight + minutesOf(to) * 60_000, zone).last,
    why,
  });
  const frozen = calendar.freezes.find(({ from, to }) => from <= date && date <= to);
  if (frozen) return between("00:00", "24:00", `${date} is frozen: ${frozen.name}`);
  const weekday = weekdays[(new Date(midnight).getUTCDay() + 6) % 7];
  const isSchoolDay = calendar.schoolDays.some((name) => name === weekday);
  if (!isSchoolDay || calendar.holidays.includes(date)) return undefined;
  const { from, to } = calendar.schoolHours;
  return between(from, to, `school hours are ${from} to ${to} on a ${weekday}`);
}

const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/**
 * The instants at which a clock on the wall shows a local time, `naive` being that time read as if it were UTC. One that
 * comes twice has two; one that is skipped has the instant of the shift, where the clock first shows a later time.
 * Stands on a zone not shifting twice within two days.
 */
export function readings(naive: number, zone: IANAZone): { first: number; last: number; skipped: boolean } {
  const read = [naive - day, naive + day].map((near) => naive - zone.offset(near) * 60_000);
  const real = read.filter((at) => at + zone.offset(at) * 60_000 === naive);
  if (real.length > 0) return { first: Math.min(...real), last: Math.max(...real), skipped: false };
  let [before, after] = [Math.min(...read), Math.max(...read)];
  while (after - before > 60_000) {
    const middle = Math.floor((before + after) / 120_000) * 60_000;
    if (zone.offset(middle) === zone.offset(after)) after = middle;
    else before = middle;
  }
  return { first: after, last: after, skipped: true };
}

/** Whether `at` lies in an out-of-hours window, until when, or when the next one opens. */
export function windowAt(at: Date, calendar: ChangeCalendar): WindowState {
  const now = at.getTime();
  const today = localDay(now, IANAZone.create(calendar.zone));
  let closedUntil: number | undefined;
  let why = "";
  // From yesterday: a day that ends in an hour that comes twice reaches past its own midnight.
  for (let ahead = -1; ahead <= horizonDays; ahead++) {
    const closed = closedOn(isoDate(today + ahead * day), calendar);
    if (!closed || closed.to <= now) continue;
    if (closedUntil !== undefined) {
      if (closed.from > closedUntil) return { open: false, why, opens: new Date(closedUntil) };
      closedUntil = Math.max(closedUntil, closed.to);
    } else if (closed.from > now) return { open: true, closes: new Date(closed.from) };
    else ({ to: closedUntil, why } = closed);
  }
  if (closedUntil === undefined) return { open: true };
  const isClosedThroughout = closedUntil > now + (horizonDays - 2) * day;
  return { open: false, why, ...(!isClosedThroughout && { opens: new Date(closedUntil) }) };
}

/** An instant as people read it: local time with the zone's name, then UTC. */
export function shown(at: Date, zone: string): string {
  const local = at.toLocaleString("en-GB", {
    timeZone: zone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  return `${local} ${zone} (${utc(at)})`;
}

/** Reads `2026-11-27T22:00` as time of the zone, or `…Z` and `…+02:00` as it says; or tells what is wrong with it. */
export function readTime(text: string, zone: string): { ok: true; at: Date } | { ok: false; reason: string } {
  const wrong = (reason: string) => ({ ok: false as const, reason: `\`${text}\` ${reason}` });
  const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  const naive = Date.parse(`${parts?.[1]}T${parts?.[2]}Z`);
  if (!parts || Number.isNaN(naive))
    return wrong(`is no time; allowed is 2026-11-27T22:00 (${zone}), or the same with Z or +02:00`);
  if (parts[3]) return { ok: true, at: new Date(text) };
  const { first, last, skipped } = readings(naive, IANAZone.create(zone));
  const at = new Date(first);
  if (first !== last) return wrong(`comes twice in ${zone}; say which: ${utc(at)} or ${utc(new Date(last))}`);
  if (!skipped) return { ok: true, at };
  return wrong(
    `does not exist in ${zone}: the clock is put forward over it; the next minute is ${shown(at, zone)}`,
  );
}

const utc = (at: Date): string => `${at.toISOString().slice(0, 16)}Z`;
