import type { Drills } from "../../recovery/drill";
import { drillCounts, drillDays, drillDueBy, isFresh } from "../../recovery/freshness";
import { makeLine } from "../../text/commandHint";
import { failed, passed, unread, type CheckResult } from "./checkResult";

/** What is known about recovery, besides the release. Whatever could not be read is undefined. */
export interface RecoveryFacts {
  stack: string;
  now: Date;
  drills?: Drills;
  /** ISO time of the stack's first update: a new database has a quarter to be drilled for the first time. */
  since?: string;
}

const day = (time: string | Date): string => new Date(time).toISOString().slice(0, 10);

/** Whether point-in-time recovery was proven within the quarter. */
export function drillAge({ stack, now, drills, since }: RecoveryFacts): CheckResult {
  const next = `Run \`${makeLine(stack, "drill")}\`.`;
  if (!drills) return unread("the drills");
  const { last, passed: proof } = drills;
  if (last && !last.ok) {
    const why = last.findings.find((finding) => !finding.ok)?.detail ?? "no reason recorded";
    return failed(`the drill of ${day(last.at)} failed: ${why}`, next);
  }
  if (!proof) {
    if (since === undefined) return passed("nothing is released yet, so there is nothing to restore");
    const due = drillDueBy(since);
    return now < due
      ? passed(`never drilled; the first one is due by ${day(due)}`)
      : failed(`never drilled since the first update on ${day(since)}`, next);
  }
  const days = Math.floor((now.getTime() - Date.parse(proof.at)) / 86_400_000);
  const text = `restored to ${proof.target} in ${Math.round(proof.recoverySeconds ?? 0)} s, ${days} days ago`;
  if (drillCounts(proof.at, now)) return passed(text);
  return failed(`${text}; at most ${drillDays} days are allowed`, next);
}

/**
 * Whether a recovery point is younger than `maxSeconds`. An irreversible change asks for an hour.
 * @param newest ISO time of the newest completed one; null: there is none; undefined: it could not be read
 */
export function recoveryPointAge(
  newest: string | null | undefined,
  now: Date,
  maxSeconds: number,
): CheckResult {
  const allowed = `at most ${Math.round(maxSeconds / 60)} minutes are allowed`;
  const next = "Look at the backup alarms; `make drill` shows what can be restored.";
  if (newest === undefined) return failed("the recovery points could not be read", next);
  if (newest === null) return failed(`there is no recovery point; ${allowed}`, next);
  const seconds = (now.getTime() - Date.parse(newest)) / 1000;
  const text = `the newest recovery point is ${Math.round(seconds / 60)} minutes old`;
  if (isFresh(newest, now, maxSeconds * 1000)) return passed(text);
  return failed(`${text}; ${seconds > maxSeconds ? allowed : "a clock is wrong"}`, next);
}
