import { checkProperties, isBetween } from "../propertyChecks";
import { type ReportViolation, type Rule, resourceRule } from "../rule";
import { types } from "../types";
import { isSet, listAt, shown, unknown, valueAt } from "../propertyValues";
import { expanded } from "./expanded";

/** Rules about a backup plan by itself. */

/** Whether a plan's rule makes snapshots; a continuous one keeps a log for point-in-time recovery instead. */
export const isSnapshotRule = (rule: unknown): boolean => valueAt(rule, "enableContinuousBackup") !== true;

/** Longest time between two runs of a plan's rule, minutes; undefined if it is not known yet or cannot be parsed. */
export function gapOf(rule: unknown, now: Date): number | undefined {
  const [schedule, zone] = [
    valueAt(rule, "schedule"),
    valueAt(rule, "scheduleExpressionTimezone") ?? "Etc/UTC",
  ];
  if (typeof schedule !== "string" || typeof zone !== "string") return undefined;
  const found = expanded(schedule, zone, now);
  return found.ok ? found.longestGapMinutes : undefined;
}

/** The rules of a plan; reports a plan without any. */
function rulesOf(
  plan: Parameters<Extract<Rule, { check: unknown }>["check"]>[0],
  report: ReportViolation,
): unknown[] {
  const rules = valueAt(plan.properties, "rules");
  if (rules !== unknown && !isSet(rules))
    report(
      {
        at: "rules",
        found: "no rule",
        required: "at least one rule that makes backups",
        fix: "Give the plan a rule with `schedule`, `targetVaultName` and `lifecycle`.",
      },
      plan,
    );
  return listAt(plan.properties, "rules");
}

/** The setting of the longest gap between two snapshots. */
export const gapSetting = {
  maxGapMinutes: {
    type: "integer",
    description: "Longest time between two snapshots, minutes.",
    default: 60,
    minimum: 1,
    maximum: 527_040,
  },
} as const;

export const backupScheduleHourly = resourceRule<{ maxGapMinutes: number }>({
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
    const rules = rulesOf(plan, report);
    const gaps: { index: number; gap: number; schedule: string; zone: string }[] = [];
    let isOpen = rules.includes(unknown);
    for (const [index, rule] of rules.entries()) {
      const at = `rules[${index}].schedule`;
      const [text, given] = [valueAt(rule, "schedule"), valueAt(rule, "scheduleExpressionTimezone")];
      const zone = given ?? "Etc/UTC";
      if (text === unknown || zone === unknown) {
        isOpen = true;
        continue;
      }
      const isText = typeof text === "string" && typeof zone === "string";
      const found = isText ? expanded(text, zone, now) : { ok: false as const, issue: shown(text) };
      if (!found.ok)
        report(
          {
            at,
            found: found.issue,
            required: "a schedule that can be expanded",
            fix: 'For example "cron(0 * * * ? *)" in "Etc/UTC".',
          },
          plan,
        );
      else if (isText && isSnapshotRule(rule))
        gaps.push({ index, gap: found.longestGapMinutes, schedule: text, zone });
    }
    const best = gaps.sort((a, b) => a.gap - b.gap)[0];
    if (best === undefined || isOpen || best.gap <= maxGapMinutes) return;
    report(
      {
        at: `rules[${best.index}].schedule`,
        found: `${best.schedule} in ${best.zone}, whose longest gap within a year is ${shownGap(best.gap)}`,
        required: `at most ${shownGap(maxGapMinutes)} between two snapshots`,
        fix: 'Set it to "cron(0 * * * ? *)" in "Etc/UTC" (a zone with summer time skips an hour once a year).',
      },
      plan,
    );
  },
});

const shownGap = (minutes: number): string =>
  minutes === Infinity
    ? "more than a year"
    : minutes % 1440 === 0
      ? `${minutes / 1440} days`
      : `${minutes} minutes`;

export const backupRetentionLongEnough = resourceRule<{ minDays: number }>({
  id: "backup-retention-long-enough",
  area: "recovery",
  severity: "critical",
  rows: ["D1"],
  description: "Every rule of a backup plan states how long it keeps backups: `minDays` or more.",
  why: "A fault found after the weekend needs a backup from before it; without a limit the vault only grows.",
  remedy: "Set `lifecycle.deleteAfter` of the rule.",
  settings: {
    minDays: {
      type: "integer",
      description: "Days that a backup is kept at least.",
      default: 7,
      minimum: 1,
      maximum: 36_500,
    },
  },
  types: [types.backupPlan],
  check(plan, report, { minDays }) {
    rulesOf(plan, report);
    checkProperties(
      plan,
      [
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
      ],
      report,
    );
    for (const [index, rule] of listAt(plan.properties, "rules").entries()) {
      const [cold, deleted] = ["coldStorageAfter", "deleteAfter"].map((key) =>
        valueAt(rule, `lifecycle.${key}`),
      );
      if (typeof cold !== "number" || cold <= 0 || typeof deleted !== "number" || deleted >= cold + 90)
        continue;
      report(
        {
          at: `rules[${index}].lifecycle.coldStorageAfter`,
          found: `${cold} days, deleted after ${deleted}`,
          required: "90 days in cold storage, which AWS charges for in any case",
          fix: `Leave \`coldStorageAfter\` out, or keep the backups ${cold + 90} days.`,
        },
        plan,
      );
    }
  },
});

export const backupWindowsFitSchedule = resourceRule<{
  maxStartMinutes: number;
  maxCompletionMinutes: number;
}>({
  id: "backup-windows-fit-schedule",
  area: "recovery",
  severity: "high",
  rows: ["D1"],
  description:
    "A backup starts within the hour in which it is due, and counts as failed if it does not finish in time.",
  why: "AWS's own defaults, 8 hours to start and 7 days to end, let an hourly backup drift by hours without an alarm.",
  remedy: "Set `startWindow` to 60 and `completionWindow` to 120.",
  settings: {
    maxStartMinutes: {
      type: "integer",
      description: "Longest start window, minutes.",
      default: 60,
      minimum: 60,
      maximum: 525_600,
    },
    maxCompletionMinutes: {
      type: "integer",
      description: "Longest completion window, minutes.",
      default: 180,
      minimum: 61,
      maximum: 525_600,
    },
  },
  types: [types.backupPlan],
  check(plan, report, { maxStartMinutes, maxCompletionMinutes }) {
    for (const [index, rule] of listAt(plan.properties, "rules").entries()) {
      const start = valueAt(rule, "startWindow");
      const completion = valueAt(rule, "completionWindow");
      const reportAt = (key: string, value: unknown, required: string, fix: string) =>
        report({ at: `rules[${index}].${key}`, found: shown(value), required, fix }, plan);
      if (start !== unknown && !isBetween(60, maxStartMinutes)(start))
        reportAt(
          "startWindow",
          start,
          `60 to ${maxStartMinutes} minutes`,
          "Set it to 60; the default is 480.",
        );
      if (completion === unknown || start === unknown) continue;
      const least = typeof start === "number" ? start + 1 : 61;
      if (!isBetween(least, maxCompletionMinutes)(completion))
        reportAt(
          "completionWindow",
          completion,
          `${least} to ${maxCompletionMinutes} minutes`,
          "Set it to 120; the default is 7 days.",
        );
    }
  },
});
