import { beforeAll, describe, expect, it } from "vitest";
import { BackupSchedule } from "../../../components/recovery/backupSchedule";
import { brokenRules, typeOf } from "../../../rehearsal/standins/providers/aws/catalog";
import { crossChecks } from "../../../rehearsal/standins/providers/aws/crossChecks";
import { type Declared, declare, named, stack } from "../declared";
import { settingsWith } from "../settings";

const instance = "arn:aws:rds:eu-central-1:123456789012:db:school-prod";
const cluster = "arn:aws:rds:eu-central-1:123456789012:cluster:school-prod";

async function declared(backups: object, arn = instance, alarms?: object): Promise<Map<string, Declared>> {
  const database = { arn, secretName: "school-database" };
  const settings = settingsWith({}, { backups, database, ...(alarms && { alarms }) });
  return declare(() => new BackupSchedule("backups", { stack, settings }));
}
let resources: Map<string, Declared>;
const input = (name: string) => named(resources, name).inputs;
const ruleOf = (kind: string) => {
  const { rules } = input(`backups-${kind}`) as { rules: Record<string, unknown>[] };
  expect(rules).toHaveLength(1);
  return rules[0] ?? {};
};

describe("the backups of an instance", () => {
  beforeAll(async () => {
    resources = await declared({ retentionDays: 8 });
  });

  it("are these resources and no others", () => {
    const counts: Record<string, number> = {};
    for (const { type } of resources.values()) counts[type] = (counts[type] ?? 0) + 1;
    expect(counts).toEqual({
      "deployment-safety:components:BackupSchedule": 1,
      "deployment-safety:components:BackupAlarms": 1,
      "aws:kms/key:Key": 1,
      "aws:kms/alias:Alias": 1,
      "aws:backup/vault:Vault": 1,
      "aws:backup/vaultPolicy:VaultPolicy": 1,
      "aws:backup/vaultLockConfiguration:VaultLockConfiguration": 1,
      "aws:backup/plan:Plan": 2,
      "aws:backup/selection:Selection": 2,
      "aws:backup/restoreTestingPlan:RestoreTestingPlan": 1,
      "aws:backup/restoreTestingSelection:RestoreTestingSelection": 1,
      "aws:cloudwatch/metricAlarm:MetricAlarm": 4,
      "aws:sns/topic:Topic": 1,
      "aws:sns/topicSubscription:TopicSubscription": 1,
      "aws:sfn/stateMachine:StateMachine": 1,
      "aws:scheduler/schedule:Schedule": 1,
      "aws:iam/role:Role": 3,
      "aws:iam/rolePolicy:RolePolicy": 2,
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 2,
    });
  });

  it("keep within the limits of AWS that are written down", () => {
    for (const { type, inputs, name } of resources.values()) {
      if (!type.startsWith("aws:")) continue;
      expect(brokenRules(typeOf(type), inputs as never), name).toEqual([]);
      expect((crossChecks[type]?.(inputs) ?? []).filter(Boolean), name).toEqual([]);
    }
  });

  it("are hourly points and a continuous one, in a plan each, kept as long as the config says", () => {
    expect(ruleOf("hourly")).toMatchObject({ schedule: "cron(0 * * * ? *)", lifecycle: { deleteAfter: 8 } });
    expect(ruleOf("hourly")).not.toHaveProperty("enableContinuousBackup");
    expect(ruleOf("continuous")).toMatchObject({
      enableContinuousBackup: true,
      lifecycle: { deleteAfter: 8 },
    });
    for (const kind of ["hourly", "continuous"]) {
      // A continuous point cannot be copied nor go to cold storage, and an hourly one is too young for it.
      expect(ruleOf(kind)).not.toHaveProperty("copyActions");
      expect(ruleOf(kind).lifecycle).toEqual({ deleteAfter: 8 });
      expect(ruleOf(kind).targetVaultName).toBe("school-prod-database");
    }
  });

  it("start and end within windows that fit an hourly schedule", () => {
    for (const kind of ["hourly", "continuous"])
      expect(ruleOf(kind)).toMatchObject({ startWindow: 60, completionWindow: 120 });
  });

  it("let the database make its own backup within one hour, so that one hourly point a day is lost", () => {
    expect(ruleOf("continuous").schedule).toBe("cron(30 3 * * ? *)");
    expect(ruleOf("continuous").scheduleExpressionTimezone).toBe("Etc/UTC");
  });

  it("are of the database of the config, and of nothing else", () => {
    for (const kind of ["hourly", "continuous"]) {
      expect(input(`backups-${kind}-selection`).resources).toEqual([instance]);
      expect(input(`backups-${kind}-selection`)).not.toHaveProperty("selectionTags");
    }
  });

  it("begin only once the role may make and restore recovery points", () => {
    for (const name of [
      "backups-hourly-selection",
      "backups-continuous-selection",
      "backups-restore-tests-database",
    ])
      expect(named(resources, name).dependsOn).toEqual(
        expect.arrayContaining(["backups-role-backup", "backups-role-restores"]),
      );
    expect(input("backups-role-restores").policyArn).toBe(
      "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
    );
  });

  it("lie in a vault that is protected, encrypted and never emptied by force", () => {
    expect(named(resources, "backups-vault").protect).toBe(true);
    expect(named(resources, "backups-key").protect).toBe(true);
    expect(input("backups-vault")).toMatchObject({
      forceDestroy: false,
      kmsKeyArn: "arn:aws:test:eu-central-1:123456789012:backups-key",
    });
    expect(input("backups-key")).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
  });

  it("cannot be deleted by hand", () => {
    const { Statement } = JSON.parse(input("backups-vault-policy").policy as string) as {
      Statement: object[];
    };
    expect(Statement).toEqual([
      expect.objectContaining({
        Effect: "Deny",
        Principal: "*",
        Action: expect.arrayContaining(["backup:DeleteRecoveryPoint"]) as string[],
      }),
    ]);
  });

  it("are locked in governance mode, with limits that every retention keeps", () => {
    expect(input("backups-vault-lock")).toMatchObject({ minRetentionDays: 8, maxRetentionDays: 35 });
    expect(input("backups-vault-lock")).not.toHaveProperty("changeableForDays");
  });

  it("are restored by AWS each quarter, from points that still exist", () => {
    expect(input("backups-restore-tests")).toMatchObject({
      name: "school_prod_quarterly",
      scheduleExpression: "cron(0 1 1 1,4,7,10 ? *)",
      recoveryPointSelection: { selectionWindowDays: 7, recoveryPointTypes: ["CONTINUOUS", "SNAPSHOT"] },
    });
    expect(input("backups-restore-tests-database")).toMatchObject({
      protectedResourceType: "RDS",
      protectedResourceArns: [instance],
    });
  });

  it("ring when no point is made for three hours, when a job fails and when one is slow", () => {
    expect(input("backups-alarms-missing")).toMatchObject({
      metricName: "NumberOfBackupJobsCompleted",
      comparisonOperator: "LessThanThreshold",
      evaluationPeriods: 3,
      period: 3600,
      threshold: 1,
      statistic: "Sum",
      namespace: "AWS/Backup",
      treatMissingData: "breaching",
      dimensions: { BackupVaultName: "school-prod-database" },
    });
    expect(input("backups-alarms-missing")).not.toHaveProperty("metricQueries");
    expect(input("backups-alarms-failed")).toMatchObject({
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      evaluationPeriods: 1,
      treatMissingData: "notBreaching",
    });
    const { metricQueries } = input("backups-alarms-failed") as { metricQueries: { expression?: string }[] };
    expect(metricQueries).toHaveLength(4);
    expect(metricQueries.slice(1)).toEqual(
      ["Failed", "Aborted", "Expired"].map((state) => ({
        id: state.toLowerCase(),
        metric: {
          metricName: `NumberOfBackupJobs${state}`,
          namespace: "AWS/Backup",
          dimensions: { BackupVaultName: "school-prod-database" },
          stat: "Sum",
          period: 3600,
        },
      })),
    );
    expect(metricQueries[0]?.expression).toMatch(/^IF\(HOUR\(.*\) >= 3 AND HOUR\(.*\) <= 4, 0, /);
    expect(input("backups-alarms-too-long")).toMatchObject({
      metricName: "NumberOfBackupJobsRunning",
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      treatMissingData: "notBreaching",
      statistic: "Minimum",
      evaluationPeriods: 12,
      period: 300,
    });
  });

  it("tell a topic of their own, by names that no release alarm has", () => {
    const alarms = [...resources.values()].filter(({ type }) => type.endsWith(":MetricAlarm"));
    expect(alarms).toHaveLength(4);
    for (const { inputs } of alarms) {
      expect(inputs.name).toMatch(/^backup-school-prod-/);
      for (const actions of [inputs.alarmActions, inputs.okActions])
        expect(actions).toEqual(["arn:aws:test:eu-central-1:123456789012:backups-alarms-topic"]);
      expect(inputs).not.toHaveProperty("insufficientDataActions");
      expect(inputs.alarmDescription).toMatch(/Runbook: docs\/backups\.md$/);
    }
  });

  it("tell whom the config names, each by a name of his own, and nobody where it names nobody", async () => {
    const subscriptions = (of: Map<string, Declared>) =>
      [...of.values()].filter(({ type }) => type.endsWith(":TopicSubscription"));
    expect(subscriptions(resources)).toMatchObject([
      {
        name: expect.stringMatching(/^backups-alarms-topic-email-[0-9a-f]{8}$/) as string,
        inputs: {
          topic: "arn:aws:test:eu-central-1:123456789012:backups-alarms-topic",
          protocol: "email",
          endpoint: "on-call@school.example.com",
        },
      },
    ]);
    expect(subscriptions(await declared({ retentionDays: 8 }, instance, {}))).toEqual([]);
  });

  it("measure every five minutes how far point-in-time recovery lies behind, and ring above ten", () => {
    expect(input("backups-alarms-schedule")).toMatchObject({
      scheduleExpression: "rate(5 minutes)",
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: "arn:aws:test:eu-central-1:123456789012:backups-alarms-lag",
        retryPolicy: { maximumRetryAttempts: 0 },
      },
    });
    expect(JSON.parse(input("backups-alarms-schedule-policy").policy as string)).toMatchObject({
      Statement: [
        {
          Action: "states:StartExecution",
          Resource: "arn:aws:test:eu-central-1:123456789012:backups-alarms-lag",
        },
      ],
    });
    expect(input("backups-alarms-restorable-lag")).toMatchObject({
      comparisonOperator: "GreaterThanThreshold",
      statistic: "Maximum",
      period: 300,
      evaluationPeriods: 2,
      threshold: 600,
      treatMissingData: "breaching",
      dimensions: { Database: instance },
    });
    const machine = JSON.parse(input("backups-alarms-lag").definition as string) as {
      States: {
        Ask: { Resource: string; Arguments: object };
        Publish: { Arguments: { MetricData: object[] } };
      };
    };
    expect(machine.States.Ask).toMatchObject({
      Resource: "arn:aws:states:::aws-sdk:rds:describeDBInstances",
      Arguments: { DbInstanceIdentifier: "school-prod" },
    });
    const { namespace, metricName } = input("backups-alarms-restorable-lag");
    expect(machine.States.Publish.Arguments).toMatchObject({
      Namespace: namespace,
      MetricData: [
        {
          MetricName: metricName,
          Dimensions: [{ Name: "Database", Value: instance }],
          Unit: "Seconds",
          Value: "{% ($millis() - $toMillis($latest)) / 1000 %}",
        },
      ],
    });
    expect(JSON.parse(input("backups-alarms-lag-policy").policy as string)).toMatchObject({
      Statement: [
        { Action: "rds:DescribeDBInstances", Resource: instance },
        { Action: "cloudwatch:PutMetricData" },
      ],
    });
  });
});

describe("the backups of a cluster", () => {
  beforeAll(async () => {
    resources = await declared({ retentionDays: 7, lock: "compliance" }, cluster);
  });

  it("are tested, measured and asked for as one", () => {
    expect(input("backups-restore-tests-database")).toMatchObject({ protectedResourceType: "Aurora" });
    expect(input("backups-alarms-lag").definition).toContain("describeDBClusters");
    expect(input("backups-alarms-lag").definition).toContain("DbClusters[0].LatestRestorableTime");
    expect(input("backups-alarms-lag-policy").policy).toContain("rds:DescribeDBClusters");
  });

  it("are locked for good only where the config says compliance", () =>
    expect(input("backups-vault-lock")).toMatchObject({ minRetentionDays: 7, changeableForDays: 3 }));
});
