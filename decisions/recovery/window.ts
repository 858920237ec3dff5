import { DateTime } from "luxon";

/** What can be restored: every instant from `oldest` to `newest`, both ISO times with a zone. */
export interface Restorable {
  oldest: string;
  newest: string;
}

/** An ISO time as UTC with a `Z`, with the microseconds that PostgreSQL gives and luxon would cut off. */
export function readInstant(
  text: string,
): { ok: true; instant: string; at: DateTime } | { ok: false; issue: string } {
  const given = text.trim();
  const at = DateTime.fromISO(given, { setZone: true });
  const example = "such as 2026-11-24T21:40:00Z or 2026-11-24T23:40:00+02:00";
  if (!at.isValid)
    return { ok: false, issue: `is \`${text}\`, which is no ISO 8601 time; allowed is one ${example}` };
  const noZone = `is \`${text}\`, which does not say its zone, and an hour off is a wrong restore; allowed is a time with a zone, ${example}`;
  if (!/(?:Z|[+-]\d{2}(?::?\d{2})?)$/i.test(given) || !given.includes("T"))
    return { ok: false, issue: noZone };
  const fraction = /[.,](\d{1,6})/.exec(given)?.[1] ?? "";
  const instant = `${at.toUTC().toFormat("yyyy-MM-dd'T'HH:mm:ss")}.${fraction.padEnd(6, "0")}Z`;
  return { ok: true, instant, at };
}

/**
 * Why `target` cannot be restored; undefined when it can. A database asked for a time before its oldest base backup says
 * nothing and opens at that backup's state, later than asked, so this has to be asked first.
 */
export function outsideRestorable(target: string, range: Restorable | undefined): string | undefined {
  if (!range) return "nothing can be restored: there is no complete base backup and no automated backup";
  const at = DateTime.fromISO(target);
  const span = `what can be restored begins at ${range.oldest} and ends at ${range.newest}`;
  if (!at.isValid) return `\`${target}\` is no time; ${span}`;
  if (at < DateTime.fromISO(range.oldest)) return `${target} lies before the oldest backup: ${span}`;
  if (at > DateTime.fromISO(range.newest)) return `${target} lies after the newest log: ${span}`;
  return undefined;
}

/** How much would be lost if the database were gone now: seconds from the newest instant that can be restored. */
export const lagSeconds = (newest: string, now: DateTime): number =>
  Math.max(0, now.diff(DateTime.fromISO(newest)).as("seconds"));
