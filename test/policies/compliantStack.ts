import type { Given } from "./judged";
import { types } from "../../policies/types";

/** A stack in which nothing is wrong, as small as it can be: a database with its backups, two slots, alarms, a flag. */

const account = "eu-central-1:123456789012";
const databaseArn = `arn:aws:rds:${account}:db:school`;
const clusterArn = `arn:aws:rds:${account}:cluster:reports`;
const topicArn = `arn:aws:sns:${account}:alarms`;
const vaultArn = `arn:aws:backup:${account}:backup-vault:database`;
const roleArn = "arn:aws:iam::123456789012:role/backup";
const groupArn = (slot: string) => `arn:aws:elasticloadbalancing:${account}:targetgroup/${slot}/0a1b`;
const digestOf = (slot: string) => `sha256:${(slot === "blue" ? "a" : "b").repeat(64)}`;
const imageOf = (slot: string) => `example.com/school@${digestOf(slot)}`;
const namespace = "school";

const guarded = {
  backupRetentionPeriod: 7,
  deletionProtection: true,
  skipFinalSnapshot: false,
  finalSnapshotIdentifier: "last",
  deleteAutomatedBackups: false,
  storageEncrypted: true,
};

const rule = (more: object) => ({
  targetVaultName: "database",
  startWindow: 60,
  completionWindow: 120,
  lifecycle: { deleteAfter: 7 },
  ...more,
});

const restorePlan = (name: string, kind: string): Given => ({
  type: types.restorePlan,
  name,
  properties: {
    name,
    scheduleExpression: "cron(0 3 1 1,4,7,10 ? *)",
    recoveryPointSelection: {
      algorithm: "LATEST_WITHIN_WINDOW",
      includeVaults: [vaultArn],
      recoveryPointTypes: [kind],
      selectionWindowDays: 7,
    },
  },
});

const restoreSelection = (name: string, plan: string, kind: string, arn: string): Given => ({
  type: types.restoreSelection,
  name,
  properties: {
    restoreTestingPlanName: plan,
    protectedResourceType: kind,
    protectedResourceArns: [arn],
    iamRoleArn: roleArn,
    validationWindowHours: 4,
  },
});

const backups: Given[] = [
  {
    type: types.databaseInstance,
    name: "database",
    protect: true,
    properties: { arn: databaseArn, identifier: "school", publiclyAccessible: false, ...guarded },
  },
  {
    type: types.databaseCluster,
    name: "reports",
    protect: true,
    properties: { arn: clusterArn, clusterIdentifier: "reports", tags: { backup: "hourly" }, ...guarded },
  },
  {
    type: types.backupVault,
    name: "vault",
    protect: true,
    properties: {
      name: "database",
      arn: vaultArn,
      forceDestroy: false,
      kmsKeyArn: `arn:aws:kms:${account}:key/1`,
    },
  },
  {
    type: types.vaultLock,
    name: "lock",
    properties: { backupVaultName: "database", minRetentionDays: 7, maxRetentionDays: 35 },
  },
  {
    type: types.vaultPolicy,
    name: "vaultPolicy",
    properties: {
      backupVaultName: "database",
      policy: JSON.stringify({
        Statement: [
          { Effect: "Deny", Principal: "*", Action: ["backup:DeleteRecoveryPoint"], Resource: "*" },
        ],
      }),
    },
  },
  {
    type: types.backupPlan,
    name: "plan",
    properties: {
      id: "plan-1",
      rules: [
        rule({ ruleName: "hourly", schedule: "cron(0 * * * ? *)", scheduleExpressionTimezone: "Etc/UTC" }),
        rule({ ruleName: "continuous", schedule: "cron(0 3 * * ? *)", enableContinuousBackup: true }),
      ],
    },
  },
  {
    type: types.backupSelection,
    name: "selection",
    properties: { planId: "plan-1", iamRoleArn: roleArn, resources: [databaseArn] },
  },
  {
    type: types.backupSelection,
    name: "tagged",
    properties: {
      planId: "plan-1",
      iamRoleArn: roleArn,
      selectionTags: [{ type: "STRINGEQUALS", key: "backup", value: "hourly" }],
    },
  },
  {
    type: types.role,
    name: "role",
    properties: {
      name: "backup",
      arn: roleArn,
      assumeRolePolicy: JSON.stringify({
        Statement: [
          { Effect: "Allow", Principal: { Service: "backup.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      }),
    },
  },
  ...["Backup", "Restores"].map((act) => ({
    type: types.roleAttachment,
    name: `may${act}`,
    properties: {
      role: "backup",
      policyArn: `arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor${act}`,
    },
  })),
  restorePlan("drill", "CONTINUOUS"),
  restoreSelection("drillDatabase", "drill", "RDS", databaseArn),
  restoreSelection("drillReports", "drill", "Aurora", clusterArn),
];

const alarm = (name: string, properties: object): Given => ({
  type: types.metricAlarm,
  name,
  properties: {
    name,
    alarmDescription: "Look at the runbook.",
    alarmActions: [topicArn],
    okActions: [topicArn],
    comparisonOperator: "GreaterThanThreshold",
    threshold: 0,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
    treatMissingData: "notBreaching",
    ...properties,
  },
});

const dimensions = (slot: string) => ({
  LoadBalancer: "app/school/1",
  TargetGroup: `targetgroup/${slot}/0a1b`,
});
const own = (slot: string, metricName: string) => ({
  namespace: "AWS/ApplicationELB",
  metricName,
  period: 60,
  statistic: "Maximum",
  dimensions: dimensions(slot),
});
const query = (slot: string, id: string, metricName: string, period: number) => ({
  id,
  metric: { namespace: "AWS/ApplicationELB", metricName, period, stat: "Sum", dimensions: dimensions(slot) },
});

const alarms: Given[] = [
  { type: types.topic, name: "topic", properties: { name: "alarms", arn: topicArn } },
  {
    type: types.subscription,
    name: "subscription",
    properties: { topic: topicArn, protocol: "email", endpoint: "on-call@example.com" },
  },
  alarm("backups-failed", {
    namespace: "AWS/Backup",
    metricName: "NumberOfBackupJobsFailed",
    period: 3600,
    statistic: "Sum",
    dimensions: { BackupVaultName: "database" },
  }),
  alarm("backups-missing", {
    namespace: "AWS/Backup",
    metricName: "NumberOfBackupJobsCompleted",
    period: 3600,
    statistic: "Sum",
    dimensions: { BackupVaultName: "database" },
    comparisonOperator: "LessThanThreshold",
    threshold: 1,
    treatMissingData: "breaching",
  }),
  ...["blue", "green"].flatMap((slot) => [
    alarm(`${slot}-errors`, {
      metricQueries: [
        query(slot, "requests", "RequestCount", 60),
        query(slot, "failed", "HTTPCode_Target_5XX_Count", 60),
        { id: "percent", expression: "100 * failed / requests", returnData: true },
      ],
    }),
    alarm(`${slot}-latency`, own(slot, "TargetResponseTime")),
    alarm(`${slot}-hosts`, own(slot, "UnHealthyHostCount")),
    alarm(`${slot}-burn-1h`, {
      alarmActions: undefined,
      okActions: undefined,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      metricQueries: [
        query(slot, "requests", "RequestCount", 3600),
        query(slot, "failed", "HTTPCode_Target_5XX_Count", 3600),
        { id: "percent", expression: "100 * failed / requests", returnData: true },
      ],
    }),
    {
      type: types.compositeAlarm,
      name: `${slot}-burn`,
      properties: {
        alarmName: `${slot}-burn`,
        alarmDescription: "Spends the budget too fast.",
        alarmRule: `ALARM("${slot}-burn-1h")`,
        alarmActions: [topicArn],
        okActions: [topicArn],
      },
    },
  ]),
];

const probe = (path: string) => ({
  httpGet: { path, port: "http" },
  periodSeconds: 5,
  timeoutSeconds: 2,
  failureThreshold: 2,
});

const labelsOf = (slot: string | undefined, component: string) => ({
  "app.kubernetes.io/name": "school",
  "app.kubernetes.io/component": component,
  ...(slot && { "deployment-safety/slot": slot }),
});

const podOf = (slot: string | undefined, component: string, image: string, more: object) => ({
  metadata: { labels: labelsOf(slot, component) },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    volumes: [{ name: "tmp", emptyDir: {} }],
    terminationGracePeriodSeconds: 60,
    topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map(
      (topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: labelsOf(slot, component) },
      }),
    ),
    ...more,
    containers: [
      {
        name: component,
        image,
        command: ["run"],
        env: [
          { name: "STACK", value: "prod" },
          { name: "RELEASE_DIGEST", value: image.slice(image.indexOf("@") + 1) },
          { name: "PARAMETER_ROOT", value: "/deployment-safety/prod/" },
          { name: "SLOT", value: slot },
          { name: "RELEASE_VERSION", value: "1.0.0" },
          { name: "PORT", value: "8080" },
          { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        ],
        envFrom: [{ secretRef: { name: "database" } }],
        ports: [{ name: "http", containerPort: 8080 }],
        resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "256Mi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
        startupProbe: { ...probe("/live"), failureThreshold: 60 },
        readinessProbe: probe("/ready"),
        livenessProbe: probe("/live"),
        ...(component === "web" && { lifecycle: { preStop: { sleep: { seconds: 15 } } } }),
      },
    ],
  },
});

const deployment = (slot: string, component: string): Given[] => [
  {
    type: types.deployment,
    name: `${component}-${slot}`,
    properties: {
      metadata: { name: `${component}-${slot}`, namespace },
      spec: {
        replicas: 3,
        minReadySeconds: 2,
        progressDeadlineSeconds: 180,
        selector: { matchLabels: labelsOf(slot, component) },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "100%" } },
        template: podOf(
          slot,
          component,
          imageOf(slot),
          component === "web"
            ? { readinessGates: [{ conditionType: `target-health.elbv2.k8s.aws/web-${slot}` }] }
            : {},
        ),
      },
    },
  },
  {
    type: types.disruptionBudget,
    name: `${component}-${slot}-budget`,
    properties: {
      metadata: { name: `${component}-${slot}`, namespace },
      spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf(slot, component) } },
    },
  },
];

const listenerArn = `arn:aws:elasticloadbalancing:${account}:listener/app/school/1/2`;
const hosts = { hostHeader: { values: ["school.example.com"] } };

const release: Given[] = [
  ...["blue", "green"].flatMap((slot, index): Given[] => [
    {
      type: types.targetGroup,
      name: `${slot}-targets`,
      properties: {
        arn: groupArn(slot),
        name: slot,
        vpcId: "vpc-0a1b",
        port: 8080,
        protocol: "HTTP",
        targetType: "ip",
        deregistrationDelay: 10,
        healthCheck: {
          enabled: true,
          protocol: "HTTP",
          path: "/ready",
          matcher: "200",
          interval: 5,
          timeout: 2,
          healthyThreshold: 2,
          unhealthyThreshold: 2,
        },
      },
    },
    {
      type: types.listenerRule,
      name: `${slot}-test`,
      properties: {
        listenerArn,
        priority: 98 + index,
        conditions: [hosts, { httpHeader: { httpHeaderName: "X-Release-Slot", values: [slot] } }],
        actions: [{ type: "forward", targetGroupArn: groupArn(slot) }],
      },
    },
    {
      type: types.service,
      name: `${slot}-service`,
      properties: {
        metadata: { name: `web-${slot}`, namespace },
        spec: {
          type: "ClusterIP",
          selector: labelsOf(slot, "web"),
          ports: [{ name: "http", port: 8080, targetPort: "http", protocol: "TCP" }],
        },
      },
    },
    {
      type: types.binding,
      name: `${slot}-binding`,
      properties: {
        metadata: { name: `web-${slot}`, namespace },
        spec: {
          serviceRef: { name: `web-${slot}`, port: 8080 },
          targetGroupARN: groupArn(slot),
          targetType: "ip",
        },
      },
    },
    ...deployment(slot, "web"),
    ...deployment(slot, "worker"),
  ]),
  {
    type: types.listenerRule,
    name: "traffic",
    properties: {
      listenerArn,
      priority: 100,
      conditions: [hosts],
      actions: [
        {
          type: "forward",
          forward: {
            targetGroups: [
              { arn: groupArn("blue"), weight: 90 },
              { arn: groupArn("green"), weight: 10 },
            ],
          },
        },
      ],
    },
  },
  {
    type: types.job,
    name: "migration",
    properties: {
      metadata: { name: "migrate-1", namespace },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: 600,
        template: podOf(undefined, "migrate", imageOf("green"), { restartPolicy: "Never" }),
      },
    },
  },
  {
    type: types.parameter,
    name: "published",
    properties: {
      name: "/deployment-safety/prod/release",
      type: "String",
      overwrite: true,
      insecureValue: JSON.stringify({
        serial: 4,
        live: "blue",
        canaryWeight: 10,
        traffic: "open",
        validated: digestOf("blue"),
        slots: { blue: { image: imageOf("blue") }, green: { image: imageOf("green") } },
      }),
    },
  },
  {
    type: types.parameter,
    name: "protection",
    properties: {
      name: "/deployment-safety/prod/guard",
      type: "String",
      overwrite: true,
      insecureValue: JSON.stringify({ changeWindow: true, vaultLock: "governance" }),
    },
  },
];

/** The flag of the stack, as it is published. */
export const flag = {
  state: "ENABLED",
  variants: { on: true, off: false },
  defaultVariant: "off",
  targeting: {
    if: [
      { in: [{ var: "role" }, ["teacher"]] },
      "on",
      { if: [{ "<": [{ var: ["bucket", 100_000] }, 10_000] }, "on", "off"] },
    ],
  },
  metadata: { owner: "grades", expires: "2027-03-01", risk: "high" },
};

/** The whole stack. */
export const compliantStack: readonly Given[] = [
  ...backups,
  ...alarms,
  ...release,
  {
    type: types.parameter,
    name: "flag",
    properties: {
      name: "/deployment-safety/prod/flags/gradebook",
      type: "String",
      overwrite: true,
      insecureValue: JSON.stringify(flag),
    },
  },
];
