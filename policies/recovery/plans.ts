import { type PropertyCheck, checkProperties, isBetween } from "../propertyChecks";
import { type Declared, type ReportViolation, integerSetting, resourceRule } from "../rule";
import { types } from "../types";
import { isSet, listAt, unknown, valueAt } from "../propertyValues";
import { scheduleAt } from "./scheduleAt";

/** Rules about a backup plan by itself. */

/** Whether a plan's rule makes snapshots; a continuous one keeps a log for point-in-time recovery instead. */
export const isSnapshotRule = (rule: unknown): boolean => valueAt(rule, "enableContinuousBackup") !== true;

/** The rules of a plan; reports a plan without any. */
function rulesOf(plan: Declared, report: ReportViolation): unknown[] {
  const rules = valueAt(plan.properties, "rules");
  if (rules !== unknown && !isSet(rules))
    report(plan, {
      at: "rules",
      found: "no rule",
      required: "at least one rule that makes backups",
      fix: "Give the plan a rule with `schedule`, `targetVaultName` and `lifecycle`.",
    });
  return listAt(plan.properties, "rules");
}

/** The setting of the longest gap between two snapshots. */
export const gapSetting = {
  maxGapMinutes: integerSetting("Longest time between two snapshots, minutes.", 60, [1, 527_040]),
};

export const backupScheduleHourly = resourceRule({
  id: "backup-schedule-hourly",
  area: "recovery",
  severity: "critical",
  rows: ["D1"],
  description: "A backup plan for snapshots makes one at least every hour, in its time zone, all year round.",
  why: "On a day with fewer backups, more than an hour of pupils' work can be lost.",
  remedy: 'Set `schedule` of a rule to "cron(0 * * * ? *)" and `scheduleExpressionTimezone` to "Etc/UTC".',
  settings: gapSetting,
  types: [types.backupPlan],
  check(plan, report, { maxGapMinutes }, { now }) {
    const snapshots: { at: string; gap: number; name: string }[] = [];
    let isOpen = false;
    for (const [index, rule] of rulesOf(plan, report).entries()) {
      const at = `rules[${index}].schedule`;
      const schedule = scheduleAt(rule, "schedule", now);
      if (schedule === unknown) isOpen = true;
      else if (!schedule.ok)
        report(plan, {
          at,
          found: schedule.issue,
          required: "a schedule that can be expanded",
          fix: 'For example "cron(0 * * * ? *)" in "Etc/UTC".',
        });
      else if (isSnapshotRule(rule))
        snapshots.push({ at, gap: schedule.longestGapMinutes, name: `${schedule.text} in ${schedule.zone}` });
    }
    const [best] = snapshots.sort((a, b) => a.gap - b.gap);
    if (best === undefined || isOpen || best.gap <= maxGapMinutes) return;
    report(plan, {
      at: best.at,
      found: `${best.name}, whose longest gap within a year is ${shownGap(best.gap)}`,
      required: `at most ${shownGap(maxGapMinutes)} between two snapshots`,
      fix: 'Set it to "cron(0 * * * ? *)" in "Etc/UTC" (a zone with summer time skips an hour once a year).',
    });
  },
});

const shownGap = (minutes: number): string =>
  minutes === Infinity
    ? "more than a year"
    : minutes % 1440 === 0
      ? `${minutes / 1440} days`
      : `${minutes} minutes`;

export const backupRetentionLongEnough = resourceRule({
  id: "backup-retention-long-enough",
  area: "recovery",
  severity: "critical",
  rows: ["D1"],
  description: "Every rule of a backup plan states how long it keeps backups: `minDays` or more.",
  why: "A fault found after the weekend needs a backup from before it; without a limit the vault only grows.",
  remedy: "Set `lifecycle.deleteAfter` of the rule.",
  settings: {
    minDays: integerSetting("Days that a backup is kept at least.", 7, [1, 36_500]),
  },
  types: [types.backupPlan],
  check(plan, report, { minDays }) {
    rulesOf(plan, report);
    checkProperties(plan, report, [
      {
        path: "rules[].lifecycle.deleteAfter",
        allows: isBetween(minDays, 36_500),
        required: `${minDays} days or more`,
        fix: `Set it to ${minDays}; unset, backups are kept for ever.`,
      },
      {
        path: "rules[].targetVaultName",
        allows: (name) => /^[\w-]{2,50}$/.test(String(name)),
        required: "the vault in which the backups are kept",
        fix: "Name the vault.",
      },
    ]);
    for (const [index, rule] of listAt(plan.properties, "rules").entries()) {
      const [cold, deleted] = ["coldStorageAfter", "deleteAfter"].map((key) =>
        valueAt(rule, `lifecycle.${key}`),
      );
      if (typeof cold !== "number" || cold <= 0 || typeof deleted !== "number" || deleted >= cold + 90)
        continue;
      report(plan, {
        at: `rules[${index}].lifecycle.coldStorageAfter`,
        found: `${cold} days, deleted after ${deleted}`,
        required: "90 days in cold storage, which AWS charges for in any case",
        fix: `Leave \`coldStorageAfter\` out, or keep the backups ${cold + 90} days.`,
      });
    }
  },
});

export const backupWindowsFitSchedule = resourceRule({
  id: "backup-windows-fit-schedule",
  area: "recovery",
  severity: "high",
  rows: ["D1"],
  description:
    "A backup starts within the hour in which it is due, and counts as failed if it does not finish in time.",
  why: "AWS's own defaults, 8 hours to start and 7 days to end, let an hourly backup drift by hours without an alarm.",
  remedy: "Set `startWindow` to 60 and `completionWindow` to 120.",
  settings: {
    maxStartMinutes: integerSetting("Longest start window, minutes.", 60, [60, 525_600]),
    maxCompletionMinutes: integerSetting("Longest completion window, minutes.", 180, [61, 525_600]),
  },
  types: [types.backupPlan],
  check(plan, report, { maxStartMinutes, maxCompletionMinutes }) {
    for (const [index, rule] of listAt(plan.properties, "rules").entries()) {
      const start = valueAt(rule, "startWindow");
      if (start === unknown) continue;
      const least = typeof start === "number" ? start + 1 : 61;
      const checks: PropertyCheck[] = [
        {
          path: "startWindow",
          allows: isBetween(60, maxStartMinutes),
          required: `60 to ${maxStartMinutes} minutes`,
          fix: "Set it to 60; the default is 480.",
        },
        {
          path: "completionWindow",
          allows: isBetween(least, maxCompletionMinutes),
          required: `${least} to ${maxCompletionMinutes} minutes`,
          fix: "Set it to 120; the default is 7 days.",
        },
      ];
      checkProperties(plan, report, checks, { path: `rules[${index}]`, value: rule });
    }
  },
});
