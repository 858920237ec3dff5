import { metricsOf } from "../alarms/metricQueries";
import { alarmReach, compositesOf, topicReach } from "../alarms/topics";
import { ofType } from "../resourceGraph";
import { type Declared, booleanSetting, stackRule } from "../rule";
import { types } from "../types";
import { maybe, valueAt } from "../propertyValues";

/**
 * AWS Backup's metrics that count failed backups, and those that count successful ones. A backup that was aborted or never
 * started only shows as missing from the latter.
 */
const failures = /^NumberOfBackupJobsFailed$/;
const successes = /^NumberOf(BackupJobsCompleted|BackupJobsCreated|RecoveryPointsCreated)$/;

export const backupFailuresReachSomebody = stackRule({
  id: "backup-failures-reach-somebody",
  area: "recovery",
  severity: "high",
  rows: ["D1"],
  description:
    "If there is a backup plan, somebody is notified of a backup that failed and of one that never started.",
  why: "A plan that was removed has no failed jobs: only the absence of backups shows it.",
  remedy:
    "Declare an alarm on AWS/Backup NumberOfBackupJobsFailed, and one on NumberOfBackupJobsCompleted below 1 with `treatMissingData: breaching`, both to a topic with a subscription.",
  settings: {
    requireSubscriber: booleanSetting(
      "Whether a topic that is declared in the stack must have a subscription there. Set false if somebody outside the stack subscribes.",
      true,
    ),
  },
  checkStack(resources, report, { requireSubscriber }) {
    if (ofType(resources, types.backupPlan).length === 0) return;
    const alarms = ofType(resources, types.metricAlarm);
    const heard = alarms.filter((alarm) => reaches(resources, alarm, requireSubscriber));
    const isFailed =
      heard.some((alarm) => watches(alarm, failures) && compares(alarm, "GreaterThan")) ||
      ofType(resources, types.vaultNotifications).some((notification) => notifies(resources, notification)) ||
      ofType(resources, types.eventRule).some((rule) => catchesFailures(rule));
    if (!isFailed)
      report(undefined, {
        found: "nobody is notified of a failed backup",
        required: "an alarm or a vault notification on failed jobs, to a topic with a subscription",
        fix: "Alarm on AWS/Backup NumberOfBackupJobsFailed above 0, and subscribe somebody to its topic.",
      });
    const isMissing = heard.some(
      (alarm) =>
        watches(alarm, successes) &&
        compares(alarm, "LessThan") &&
        maybe(valueAt(alarm.properties, "threshold"), (value) => Number(value) > 0) &&
        maybe(valueAt(alarm.properties, "treatMissingData"), (value) => value === "breaching"),
    );
    if (!isMissing)
      report(undefined, {
        found: "nobody is notified when no backup is made at all",
        required:
          "an alarm on completed jobs below 1 that treats missing data as breaching, to a topic with a subscription",
        fix: "Alarm on AWS/Backup NumberOfBackupJobsCompleted, LessThanThreshold 1, `treatMissingData: breaching`.",
      });
  },
});

/** Whether an alarm reaches somebody, itself or through a composite alarm. */
const reaches = (resources: readonly Declared[], alarm: Declared, requireSubscriber: boolean): boolean =>
  [alarm, ...compositesOf(resources, alarm)].some((one) => {
    const reach = alarmReach(resources, one);
    return reach === "somebody" || (reach === "nobody" && !requireSubscriber);
  });

const watches = (alarm: Declared, metric: RegExp): boolean =>
  metricsOf(alarm).some(
    ({ name, namespace }) =>
      maybe(namespace, (value) => value === "AWS/Backup") &&
      maybe(name, (value) => typeof value === "string" && metric.test(value)),
  );

const compares = ({ properties }: Declared, how: string): boolean =>
  maybe(valueAt(properties, "comparisonOperator"), (value) => String(value).startsWith(how));

function notifies(resources: readonly Declared[], notification: Declared): boolean {
  const { properties } = notification;
  const isEnd = (event: unknown): boolean => /^BACKUP_JOB_(FAILED|COMPLETED)$/.test(String(event));
  const has = maybe(
    valueAt(properties, "backupVaultEvents"),
    (events) => Array.isArray(events) && events.some(isEnd),
  );
  const arn = valueAt(properties, "snsTopicArn");
  return has && topicReach(resources, notification, "snsTopicArn", arn) === "somebody";
}

const catchesFailures = ({ properties }: Declared): boolean => {
  const pattern = String(valueAt(properties, "eventPattern"));
  return pattern.includes("aws.backup") && pattern.includes("FAILED");
};
