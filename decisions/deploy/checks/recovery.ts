import { DateTime } from "luxon";
import type { DrillRecord, Drills } from "../../recovery/drill";

/** Days after which a drill no longer counts: the longest quarter (D2). */
export const quarterDays = 92;

/** What is known about recovery, besides the release. Whatever could not be read is undefined. */
export interface RecoveryFacts {
  now: DateTime;
  drills?: Drills;
  /** ISO time of the stack's first update: a new database has a quarter to be drilled for the first time. */
  since?: string;
}

type Outcome = { ok: true; detail: string } | { ok: false; detail: string; next: string };

const day = (time: DateTime): string => time.toUTC().toFormat("yyyy-MM-dd");

/** The drill that still counts: passed, not older than a quarter, and none failed since (D2). No grace for a new stack. */
export function provenDrill({ now, drills }: Pick<RecoveryFacts, "now" | "drills">): DrillRecord | undefined {
  const { last, passed } = drills ?? {};
  if (!passed || last?.ok === false) return undefined;
  return dueAt(passed.at) > now && DateTime.fromISO(passed.at) <= now ? passed : undefined;
}

const dueAt = (since: string): DateTime => DateTime.fromISO(since).plus({ days: quarterDays });

/** Whether point-in-time recovery was proven within the quarter. */
export function drillAge({ now, drills, since }: RecoveryFacts): Outcome {
  const next = "Run `make drill`.";
  if (!drills)
    return {
      ok: false,
      detail: "the drills could not be read",
      next: "Check the access to SSM Parameter Store, then run the command again.",
    };
  const { last, passed } = drills;
  if (last && !last.ok) {
    const why = last.findings.find((finding) => !finding.ok)?.detail ?? "no reason recorded";
    return { ok: false, detail: `the drill of ${day(DateTime.fromISO(last.at))} failed: ${why}`, next };
  }
  if (!passed) {
    if (since === undefined)
      return { ok: true, detail: "nothing is released yet, so there is nothing to restore" };
    const due = dueAt(since);
    return now < due
      ? { ok: true, detail: `never drilled; the first one is due by ${day(due)}` }
      : {
          ok: false,
          detail: `never drilled since the first update on ${day(DateTime.fromISO(since))}`,
          next,
        };
  }
  const days = Math.floor(now.diff(DateTime.fromISO(passed.at)).as("days"));
  const text = `restored to ${passed.target} in ${Math.round(passed.recoverySeconds ?? 0)} s, ${days} days ago`;
  if (provenDrill({ now, drills })) return { ok: true, detail: text };
  return { ok: false, detail: `${text}; at most ${quarterDays} days are allowed`, next };
}

/**
 * Whether a recovery point is younger than `maxSeconds`. An irreversible change asks for an hour.
 * @param newest ISO time of the newest completed one; null: there is none; undefined: it could not be read
 */
export function recoveryPointAge(
  newest: string | null | undefined,
  now: DateTime,
  maxSeconds: number,
): Outcome {
  const allowed = `at most ${Math.round(maxSeconds / 60)} minutes are allowed`;
  const next = "Look at the backup alarms; `make drill` shows what can be restored.";
  if (newest === undefined) return { ok: false, detail: "the recovery points could not be read", next };
  if (newest === null) return { ok: false, detail: `there is no recovery point; ${allowed}`, next };
  const seconds = now.diff(DateTime.fromISO(newest)).as("seconds");
  const text = `the newest recovery point is ${Math.round(seconds / 60)} minutes old`;
  // One from the future is a clock that is wrong, and then its age is not known.
  if (!(seconds >= -60)) return { ok: false, detail: `${text}; a clock is wrong`, next };
  return seconds <= maxSeconds
    ? { ok: true, detail: text }
    : { ok: false, detail: `${text}; ${allowed}`, next };
}
