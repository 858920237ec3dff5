import { mayName, ofType } from "../resourceGraph";
import { checkProperties, isBetween, isOneOf } from "../propertyChecks";
import { type Declared, integerSetting, resourceRule, stackRule } from "../rule";
import { types } from "../types";
import { listAt, maybe, unknown, valueAt } from "../propertyValues";
import { type Database, databasesOf, databasesSetting } from "./databases";
import { scheduleAt } from "./scheduleAt";

/** Rules about restore tests: a backup that was never restored is only a hope. */

export const restoreTestAtLeastQuarterly = resourceRule({
  id: "restore-test-at-least-quarterly",
  area: "recovery",
  severity: "high",
  rows: ["D2"],
  description: "A restore-testing plan runs at least every quarter, on recovery points that exist.",
  why: "With a selection window longer than the retention a test may find nothing to restore, and notifies nobody.",
  remedy:
    'Set `scheduleExpression` to, for example, "cron(0 3 1 1,4,7,10 ? *)" and `recoveryPointSelection.selectionWindowDays` to at most the retention.',
  settings: {
    maxGapDays: integerSetting("Longest time between two tests, days.", 92, [1, 366]),
    maxWindowDays: integerSetting(
      "Longest selection window, days: the shortest retention of what is tested.",
      7,
      [1, 365],
    ),
  },
  types: [types.restorePlan],
  check(plan, report, { maxGapDays, maxWindowDays }, { now }) {
    const schedule = scheduleAt(plan.properties, "scheduleExpression", now);
    // The extra hour of a clock change is no missed quarter.
    if (schedule !== unknown && !(schedule.ok && schedule.longestGapMinutes <= maxGapDays * 1440 + 60))
      report(plan, {
        at: "scheduleExpression",
        found: schedule.ok
          ? `${schedule.text}, whose longest gap is ${shownDays(schedule.longestGapMinutes)}`
          : schedule.issue,
        required: `a test at least every ${maxGapDays} days`,
        fix: 'For example "cron(0 3 1 1,4,7,10 ? *)".',
      });
    const at = "recoveryPointSelection";
    checkProperties(plan, report, [
      {
        path: `${at}.selectionWindowDays`,
        allows: isBetween(1, maxWindowDays),
        required: `1 to ${maxWindowDays} days, the retention`,
        fix: `Set it to ${maxWindowDays}; the default is 30.`,
      },
      {
        path: `${at}.algorithm`,
        allows: isOneOf("LATEST_WITHIN_WINDOW", "RANDOM_WITHIN_WINDOW"),
        required: "LATEST_WITHIN_WINDOW or RANDOM_WITHIN_WINDOW",
        fix: "Set one.",
      },
      {
        path: `${at}.includeVaults[]`,
        allows: (value) => value === "*" || (typeof value === "string" && value.startsWith("arn:")),
        required: "the ARN of a vault, or *",
        fix: "Name the vault that the plan fills.",
      },
      {
        path: `${at}.recoveryPointTypes[]`,
        allows: isOneOf("SNAPSHOT", "CONTINUOUS"),
        required: "SNAPSHOT, CONTINUOUS or both",
        fix: "Set them; CONTINUOUS tests point-in-time recovery.",
      },
      {
        path: "startWindowHours",
        allows: isBetween(1, 168),
        mayBeUnset: true,
        required: "1 to 168 hours",
        fix: "Leave it out for 24.",
      },
    ]);
  },
});

const shownDays = (minutes: number): string =>
  minutes === Infinity ? "more than a year" : `${Math.ceil(minutes / 1440)} days`;

export const databaseRestoreTested = stackRule({
  id: "database-restore-tested",
  area: "recovery",
  severity: "high",
  rows: ["D2"],
  description:
    "A restore-testing plan of the stack selects every database, and at least one tests point-in-time recovery.",
  why: "Most first restores fail; let them fail on a working day.",
  remedy: "Declare a RestoreTestingPlan and a RestoreTestingSelection for the kind of the database.",
  settings: databasesSetting,
  checkStack(resources, report, { databases }, context) {
    const selections = ofType(resources, types.restoreSelection);
    for (const selection of selections)
      checkProperties(selection, report, [
        { path: "protectedResourceType", required: "the kind of what is restored, RDS or Aurora" },
        {
          path: "validationWindowHours",
          allows: isBetween(0, 168),
          mayBeUnset: true,
          required: "0 to 168 hours",
          fix: "Give the time that your check of the restored data needs.",
        },
      ]);
    for (const database of databasesOf(resources, databases, context)) {
      const testing = selections.filter((selection) => mayTest(selection, database));
      const plans = testing.flatMap((selection) =>
        ofType(resources, types.restorePlan).filter((plan) =>
          mayName(selection, "restoreTestingPlanName", plan),
        ),
      );
      const isContinuous = ({ properties }: Declared): boolean =>
        maybe(
          valueAt(properties, "recoveryPointSelection.recoveryPointTypes"),
          (kinds) => Array.isArray(kinds) && kinds.includes("CONTINUOUS"),
        );
      if (plans.length === 0)
        report(database.resource, {
          found: `no restore test of ${database.label}`,
          required: "a restore-testing plan with a selection that takes it",
          fix: `Declare both, with \`protectedResourceType\` ${kindOf(database)}.`,
        });
      else if (!plans.some(isContinuous))
        report(database.resource, {
          found: `${database.label} tested from snapshots only (${plans.map(({ name }) => name).join(", ")})`,
          required: "a test of point-in-time recovery as well",
          fix: 'Add "CONTINUOUS" to `recoveryPointTypes` of one plan.',
        });
    }
  },
});

/** AWS Backup's name for the kind of a database. */
const kindOf = ({ kind }: Database): string => (kind === "cluster" ? "Aurora" : "RDS");

/** Whether a selection tests the restore of a database, or may turn out to. */
function mayTest(selection: Declared, database: Database): boolean {
  const { properties, references } = selection;
  const kind = valueAt(properties, "protectedResourceType");
  if (kind !== unknown && kind !== kindOf(database)) return false;
  const arns = valueAt(properties, "protectedResourceArns");
  const urn = database.resource?.urn;
  if (arns === unknown || (urn !== undefined && references.protectedResourceArns?.includes(urn))) return true;
  if (Array.isArray(arns) && arns.length > 0)
    return arns.some((arn) => arn === "*" || arn === database.arn || arn === unknown);
  const wanted = listAt(properties, "protectedResourceConditions.stringEquals");
  // Without ARNs or conditions nothing is selected; conditions are on tags, which are not known for a database outside the stack.
  const isMet = (entry: unknown): boolean =>
    database.tags === unknown ||
    database.tags?.[String(valueAt(entry, "key")).replace(/^aws:ResourceTag\//, "")] ===
      valueAt(entry, "value");
  return wanted.length > 0 && wanted.every(isMet);
}
