/** The lag of point-in-time recovery as a metric: RDS has none for how far its log has come. */

/** Where the lag is published. */
export const lagMetric = {
  namespace: "DeploymentSafety",
  name: "RestorableLagSeconds",
  /** Its one dimension: the database's ARN. */
  dimension: "Database",
} as const;

/** Minutes between two measurements: RDS uploads its log every 5. */
export const lagMinutes = 5;

/** Instance or cluster, and its identifier. */
export function databaseOf(arn: string): { kind: "instance" | "cluster"; id: string } {
  return { kind: arn.split(":")[5] === "cluster" ? "cluster" : "instance", id: arn.split(":").at(-1) ?? "" };
}

/**
 * The state machine that asks RDS for the latest restorable time and publishes how far it lies behind, in Amazon States
 * Language with JSONata: no code of ours runs, so nothing of it has to be kept up to date. A database that is not there,
 * or that has no automated backups, has no such time; then nothing is published, and missing data rings.
 */
export function lagStateMachine(arn: string): Record<string, unknown> {
  const { kind, id } = databaseOf(arn);
  const [describe, key, list] =
    kind === "cluster"
      ? ["describeDBClusters", "DbClusterIdentifier", "DbClusters"]
      : ["describeDBInstances", "DbInstanceIdentifier", "DbInstances"];
  const waits = { IntervalSeconds: 5, MaxAttempts: 3, BackoffRate: 2, JitterStrategy: "FULL" };
  const retry = [{ ErrorEquals: ["States.ALL"], ...waits }];
  return {
    Comment: "Publishes how many seconds the latest restorable time of the database lies behind now",
    QueryLanguage: "JSONata",
    TimeoutSeconds: 120,
    StartAt: "Ask",
    States: {
      Ask: {
        Type: "Task",
        Resource: `arn:aws:states:::aws-sdk:rds:${describe}`,
        Arguments: { [key]: id },
        Assign: { latest: `{% $states.result.${list}[0].LatestRestorableTime %}` },
        Retry: retry,
        Next: "Publish",
      },
      Publish: {
        Type: "Task",
        Resource: "arn:aws:states:::aws-sdk:cloudwatch:putMetricData",
        Arguments: {
          Namespace: lagMetric.namespace,
          MetricData: [
            {
              MetricName: lagMetric.name,
              Dimensions: [{ Name: lagMetric.dimension, Value: arn }],
              Unit: "Seconds",
              Value: "{% ($millis() - $toMillis($latest)) / 1000 %}",
            },
          ],
        },
        Retry: retry,
        End: true,
      },
    },
  };
}
