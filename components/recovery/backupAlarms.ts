import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as iam from "@pulumi/aws/iam";
import * as scheduler from "@pulumi/aws/scheduler";
import * as sfn from "@pulumi/aws/sfn";
import { backupAlarms, type BackupAlarm } from "../../decisions/alarms/backupAlarms";
import type { Subscriber } from "../../decisions/alarms/subscribers";
import { backupNames } from "../../decisions/recovery/backupNames";
import { databaseOf, lagMetric, lagMinutes, lagStateMachine } from "../../decisions/recovery/restorableLag";
import { subscribedTopic } from "../alarms/subscribedTopic";
import { policyDocument, serviceRole } from "./iam";

export interface BackupAlarmsArgs {
  application: string;
  stack: string;
  /** ARN of the RDS instance or Aurora cluster. */
  databaseArn: string;
  /** Who is notified when an alarm rings and when it clears. */
  subscribers: readonly Subscriber[];
}

/** Alarms on missing, failed and slow backups, and on the lag of point-in-time recovery, which a state machine measures. */
export class BackupAlarms extends ComponentResource {
  /** ARN of the topic that the alarms notify. */
  readonly topicArn: Output<string>;

  constructor(name: string, args: BackupAlarmsArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:BackupAlarms", name, {}, options);
    const names = backupNames(args.application, args.stack);
    const topic = subscribedTopic(`${name}-topic`, names.alarms, args.subscribers, this);
    for (const alarm of backupAlarms(names.vault, args.databaseArn))
      new cloudwatch.MetricAlarm(
        `${name}-${alarm.key}`,
        {
          ...metricAlarm(alarm),
          name: `${names.alarms}-${alarm.key}`,
          alarmActions: [topic.arn],
          okActions: [topic.arn],
        },
        { parent: this },
      );
    measureLag(name, names.lag, args.databaseArn, this);
    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }
}

function metricAlarm({
  key: _,
  description,
  expression,
  metrics,
  ...alarm
}: BackupAlarm): cloudwatch.MetricAlarmArgs {
  const base = { ...alarm, alarmDescription: description };
  const [only] = metrics;
  if (expression === undefined && only)
    return {
      ...base,
      namespace: only.namespace,
      metricName: only.name,
      dimensions: only.dimensions,
      statistic: only.stat,
      period: only.period,
    };
  return {
    ...base,
    metricQueries: [
      { id: "result", expression, label: description, returnData: true },
      ...metrics.map(({ id, name, namespace, dimensions, stat, period }) => ({
        id,
        metric: { metricName: name, namespace, dimensions, stat, period },
      })),
    ],
  };
}

const rolePurpose = "Measures how far point-in-time recovery of the database lies behind";

/** Measures every few minutes how far the latest restorable time is behind. */
function measureLag(name: string, awsName: string, databaseArn: string, parent: BackupAlarms): void {
  const { kind } = databaseOf(databaseArn);
  const role = (suffix: string, roleName: string, service: string) =>
    serviceRole(`${name}-${suffix}`, { name: roleName, description: rolePurpose, service }, parent);
  const machineRole = role("lag-role", awsName, "states.amazonaws.com");
  const policy = new iam.RolePolicy(
    `${name}-lag-policy`,
    {
      name: "measure",
      role: machineRole.name,
      policy: policyDocument(
        {
          Effect: "Allow",
          Action: kind === "cluster" ? "rds:DescribeDBClusters" : "rds:DescribeDBInstances",
          Resource: databaseArn,
        },
        {
          Effect: "Allow",
          Action: "cloudwatch:PutMetricData",
          Resource: "*",
          Condition: { StringEquals: { "cloudwatch:namespace": lagMetric.namespace } },
        },
      ),
    },
    { parent },
  );
  const machine = new sfn.StateMachine(
    `${name}-lag`,
    {
      name: awsName,
      type: "STANDARD",
      roleArn: machineRole.arn,
      definition: JSON.stringify(lagStateMachine(databaseArn)),
    },
    { parent, dependsOn: [policy] },
  );
  const scheduleRole = role("schedule-role", `${awsName}-schedule`, "scheduler.amazonaws.com");
  const start = new iam.RolePolicy(
    `${name}-schedule-policy`,
    { name: "start", role: scheduleRole.name, policy: machine.arn.apply(mayStart) },
    { parent },
  );
  new scheduler.Schedule(
    `${name}-schedule`,
    {
      name: awsName,
      scheduleExpression: `rate(${lagMinutes} minutes)`,
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: machine.arn,
        roleArn: scheduleRole.arn,
        // A late measurement is useless: the next one is due.
        retryPolicy: { maximumRetryAttempts: 0 },
      },
    },
    { parent, dependsOn: [start] },
  );
}

const mayStart = (machineArn: string): string =>
  policyDocument({ Effect: "Allow", Action: "states:StartExecution", Resource: machineArn });
