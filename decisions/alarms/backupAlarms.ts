import { lagMetric, lagMinutes } from "../recovery/restorableLag";

/** One alarm on the backups, as CloudWatch takes it. */
export interface BackupAlarm {
  /** Its name after the prefix. */
  key: string;
  description: string;
  comparisonOperator: "LessThanThreshold" | "GreaterThanThreshold" | "GreaterThanOrEqualToThreshold";
  threshold: number;
  evaluationPeriods: number;
  /** What no data means: `breaching` where silence is the fault itself. */
  treatMissingData: "breaching" | "notBreaching";
  /** Metrics of AWS/Backup in this vault and the expression over them, or a metric of its own. */
  expression?: string;
  metrics: {
    id: string;
    name: string;
    namespace: string;
    dimensions: Record<string, string>;
    stat: string;
    period: number;
  }[];
}

/** Hour, UTC, in which the database makes its own daily backup; the hourly job that meets it is lost, and must not page. */
export const ownBackupHour = 3;

/** Hours without a completed recovery point after which somebody is told: two hourly jobs may be lost, a third may not. */
const missingHours = 3;

/** Seconds that the latest restorable time may lie behind: twice the 5 minutes that RDS promises. */
const lagSeconds = 600;

const hour = 3600;

/** The alarms on a stack's backups. Their names do not begin as the release's do: a late backup is not a bad release. */
export function backupAlarms(vault: string, databaseArn: string): BackupAlarm[] {
  const jobs = (state: string, stat: string, period: number) => ({
    id: state.toLowerCase(),
    name: `NumberOfBackupJobs${state}`,
    namespace: "AWS/Backup",
    dimensions: { BackupVaultName: vault },
    stat,
    period,
  });
  return [
    {
      key: "missing",
      description: `No recovery point was completed for ${missingHours} hours. Runbook: docs/backups.md`,
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      evaluationPeriods: missingHours,
      treatMissingData: "breaching",
      metrics: [jobs("Completed", "Sum", hour)],
    },
    {
      key: "failed",
      description: `A backup job failed, was aborted or expired outside of the hour of the database's own backup (${ownBackupHour}:00 UTC). Runbook: docs/backups.md`,
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      evaluationPeriods: 1,
      treatMissingData: "notBreaching",
      // A job that meets the database's own backup is given up an hour later at most, when its start window closes.
      expression: `IF(HOUR(SUM(METRICS())) >= ${ownBackupHour} AND HOUR(SUM(METRICS())) <= ${ownBackupHour + 1}, 0, SUM(METRICS()))`,
      metrics: ["Failed", "Aborted", "Expired"].map((state) => jobs(state, "Sum", hour)),
    },
    {
      key: "too-long",
      description: `A backup job ran for a whole hour: the next one has to wait for it. Runbook: docs/backups.md`,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      // An hour: then it has met the next one, for AWS Backup runs one job at a time for a database.
      evaluationPeriods: hour / 300,
      treatMissingData: "notBreaching",
      metrics: [jobs("Running", "Minimum", 300)],
    },
    {
      key: "restorable-lag",
      description: `The database cannot be restored to the last ${lagSeconds / 60} minutes, or nobody measures it. Runbook: docs/backups.md`,
      comparisonOperator: "GreaterThanThreshold",
      threshold: lagSeconds,
      evaluationPeriods: 2,
      treatMissingData: "breaching",
      metrics: [
        {
          id: "lag",
          name: lagMetric.name,
          namespace: lagMetric.namespace,
          dimensions: { [lagMetric.dimension]: databaseArn },
          stat: "Maximum",
          period: lagMinutes * 60,
        },
      ],
    },
  ];
}
