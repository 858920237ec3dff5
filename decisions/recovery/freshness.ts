/** How old the evidence about recovery may be: one rule for the checklist, `make status` and irreversible changes. */

const day = 86_400_000;

/** Days for which a passed drill counts: the longest quarter (D2). */
export const drillDays = 92;

/** Clocks of two machines may differ by this much, milliseconds. */
const clockSkew = 60_000;

/**
 * Whether what happened at `at` (ISO time) is at most `most` milliseconds old. Undefined, unreadable, or further ahead of
 * the clock than two clocks differ proves nothing, so it is not.
 */
export function isFresh(at: string | undefined, now: Date, most: number): boolean {
  const age = at === undefined ? NaN : now.getTime() - Date.parse(at);
  return age >= -clockSkew && age <= most;
}

/** Whether a drill passed at `at` still counts. A day is 24 hours: calendar days would depend on the machine's time zone. */
export const drillCounts = (at: string, now: Date): boolean => isFresh(at, now, drillDays * day);

/** The last moment at which a drill at `since` counts. */
export const drillDueBy = (since: string): Date => new Date(Date.parse(since) + drillDays * day);
