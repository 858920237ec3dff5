import { alarmReach, compositesOf, topicReach } from "../alarms/topics";
import { ofType } from "../resourceGraph";
import { type Declared, stackRule } from "../rule";
import { types } from "../types";
import { listAt, maybe, unknown, valueAt } from "../propertyValues";

/**
 * AWS Backup's metrics that count backups that failed, and those that count what was made. One that was aborted or never
 * begun is missing from the latter.
 */
const failures = /^NumberOfBackupJobsFailed$/;
const successes = /^NumberOf(BackupJobsCompleted|BackupJobsCreated|RecoveryPointsCreated)$/;

export const backupAlarmed = stackRule<{ requireSubscriber: boolean }>({
  id: "backup-failures-reach-somebody",
  area: "backups",
  severity: "high",
  rows: ["D1"],
  description: "Where backups are made, somebody is told of one that failed and of one that was never begun.",
  why: "A plan that was taken away makes no failed job: only the absence of backups shows it.",
  remedy:
    "Declare an alarm on AWS/Backup NumberOfBackupJobsFailed, and one on NumberOfBackupJobsCompleted below 1 with `treatMissingData: breaching`, both to a topic with a subscription.",
  settings: {
    requireSubscriber: {
      type: "boolean",
      description:
        "Whether a topic that is declared in the stack must have a subscription there. false where somebody else subscribes to it.",
      default: true,
    },
  },
  checkStack(resources, report, { requireSubscriber }) {
    if (ofType(resources, types.backupPlan).length === 0) return;
    const alarms = ofType(resources, types.metricAlarm);
    const told = alarms.filter((alarm) => reaches(resources, alarm, requireSubscriber));
    const isFailed =
      told.some((alarm) => watches(alarm, failures) && compares(alarm, "GreaterThan")) ||
      ofType(resources, types.vaultNotifications).some((notification) => notifies(resources, notification)) ||
      ofType(resources, types.eventRule).some((rule) => catchesFailures(rule));
    if (!isFailed)
      report({
        found: "nobody is told of a failed backup",
        required: "an alarm or a vault notification on failed jobs, to a topic with a subscription",
        fix: "Alarm on AWS/Backup NumberOfBackupJobsFailed above 0, and subscribe somebody to its topic.",
      });
    const isMissing = told.some(
      (alarm) =>
        watches(alarm, successes) &&
        compares(alarm, "LessThan") &&
        maybe(valueAt(alarm.properties, "threshold"), (value) => Number(value) > 0) &&
        maybe(valueAt(alarm.properties, "treatMissingData"), (value) => value === "breaching"),
    );
    if (!isMissing)
      report({
        found: "nobody is told when no backup is made at all",
        required:
          "an alarm on completed jobs below 1 that treats missing data as breaching, to a topic with a subscription",
        fix: "Alarm on AWS/Backup NumberOfBackupJobsCompleted, LessThanThreshold 1, `treatMissingData: breaching`.",
      });
  },
});

/** An alarm tells somebody itself, or a composite alarm does that asks for it. */
const reaches = (resources: readonly Declared[], alarm: Declared, requireSubscriber: boolean): boolean =>
  [alarm, ...compositesOf(resources, alarm)].some((one) => {
    const reach = alarmReach(resources, one);
    return reach === "somebody" || (reach === "nobody" && !requireSubscriber);
  });

function watches({ properties }: Declared, metric: RegExp): boolean {
  const metrics = [
    { name: valueAt(properties, "metricName"), namespace: valueAt(properties, "namespace") },
    ...listAt(properties, "metricQueries").map((query) => ({
      name: valueAt(query, "metric.metricName"),
      namespace: valueAt(query, "metric.namespace"),
    })),
  ];
  return metrics.some(
    ({ name, namespace }) =>
      maybe(namespace, (value) => value === "AWS/Backup") &&
      maybe(name, (value) => typeof value === "string" && metric.test(value)),
  );
}

const compares = ({ properties }: Declared, how: string): boolean =>
  maybe(valueAt(properties, "comparisonOperator"), (value) => String(value).startsWith(how));

function notifies(resources: readonly Declared[], notification: Declared): boolean {
  const events = valueAt(notification.properties, "backupVaultEvents");
  const has =
    events === unknown ||
    listAt(notification.properties, "backupVaultEvents").some((event) =>
      /^BACKUP_JOB_(FAILED|COMPLETED)$/.test(String(event)),
    );
  const arn = valueAt(notification.properties, "snsTopicArn");
  return has && topicReach(resources, notification, "snsTopicArn", arn) === "somebody";
}

const catchesFailures = ({ properties }: Declared): boolean => {
  const pattern = String(valueAt(properties, "eventPattern"));
  return pattern.includes("aws.backup") && pattern.includes("FAILED");
};
