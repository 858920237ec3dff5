import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import * as backup from "@pulumi/aws/backup";
import * as iam from "@pulumi/aws/iam";
import * as kms from "@pulumi/aws/kms";
import { ownBackupHour } from "../../decisions/alarms/backupAlarms";
import { backupNames } from "../../decisions/recovery/backupNames";
import type { Settings } from "../../decisions/stack/config";
import { databaseOf } from "../../decisions/recovery/restorableLag";
import { lockOf } from "../../decisions/approval/vaultLock";
import { BackupAlarms } from "./backupAlarms";

export interface BackupScheduleArgs {
  stack: string;
  settings: Pick<Settings, "application" | "database" | "backups" | "alarms">;
}

/** AWS Backup's shortest start window, minutes. Its default of 8 hours would let an hourly backup drift by hours. */
const startWindowMinutes = 60;

/** A backup that has not finished two hours after its hour has failed, minutes. The default is 7 days. */
const completionWindowMinutes = 120;

/**
 * Two promises, in two plans: recovery points every hour, kept `retentionDays` (D1), and recovery to any point in time of
 * the same days, at most 5 minutes behind. A continuous rule makes no hourly points, and in one plan AWS Backup would
 * merge overlapping windows. The continuous rule owns the database's own retention and backup window: whoever declares the
 * database must leave both alone (`ignoreChanges`).
 *
 * The vault is protected in Pulumi, never emptied by force, locked, and refuses deletion by hand: deleting a backup is a
 * decision of its own. A restore-testing plan restores a point each quarter. A rollback does not touch any of this.
 */
export class BackupSchedule extends ComponentResource {
  readonly vaultArn: Output<string>;
  /** ARN of the topic that the alarms on backups tell. */
  readonly alarmTopicArn: Output<string>;

  constructor(name: string, { stack, settings }: BackupScheduleArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:BackupSchedule", name, {}, options);
    const { application, database, backups, alarms: told } = settings;
    const prefix = `${application.name}-${stack}`;
    const names = backupNames(application.name, stack);
    const vault = guardedVault(name, { stack, settings }, this);
    const { role, attachments } = backupRole(name, names.role, database.arn, this);
    const rule = {
      targetVaultName: vault.name,
      scheduleExpressionTimezone: "Etc/UTC",
      startWindow: startWindowMinutes,
      completionWindow: completionWindowMinutes,
      lifecycle: { deleteAfter: backups.retentionDays },
    };
    const plans = {
      hourly: { ...rule, ruleName: "hourly", schedule: "cron(0 * * * ? *)" },
      // Half past: a window within one hour costs one hourly point a day, not two.
      continuous: {
        ...rule,
        ruleName: "continuous",
        schedule: `cron(30 ${ownBackupHour} * * ? *)`,
        enableContinuousBackup: true,
      },
    };
    for (const [kind, planned] of Object.entries(plans)) {
      const plan = new backup.Plan(
        `${name}-${kind}`,
        { name: `${prefix}-${kind}`, rules: [planned] },
        { parent: this },
      );
      new backup.Selection(
        `${name}-${kind}-selection`,
        { name: `${prefix}-${kind}`, planId: plan.id, iamRoleArn: role.arn, resources: [database.arn] },
        // A selection whose role may not do anything yet would fail its first backup.
        { parent: this, dependsOn: attachments },
      );
    }
    restoreTests(name, names.restoreTests, { vault, role, attachments, databaseArn: database.arn }, this);
    const alarms = new BackupAlarms(
      `${name}-alarms`,
      { application: application.name, stack, databaseArn: database.arn, subscribers: told.subscribers },
      { parent: this },
    );
    this.vaultArn = vault.arn;
    this.alarmTopicArn = alarms.topicArn;
    this.registerOutputs({ vaultArn: this.vaultArn, alarmTopicArn: this.alarmTopicArn });
  }
}

/** Nobody may delete by hand. AWS Backup's own expiry is not stopped by it. */
const noDeletion = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "NoDeletionByHand",
      Effect: "Deny",
      Principal: "*",
      Action: [
        "backup:DeleteRecoveryPoint",
        "backup:UpdateRecoveryPointLifecycle",
        "backup:DeleteBackupVault",
      ],
      Resource: "*",
    },
  ],
});

/** Key, vault, policy against deletion by hand, lock. RDS encrypts its points with the database's own key, Aurora's too. */
function guardedVault(
  name: string,
  { stack, settings }: BackupScheduleArgs,
  parent: BackupSchedule,
): backup.Vault {
  const called = backupNames(settings.application.name, stack).vault;
  const [, partition, , , account] = settings.database.arn.split(":");
  const key = new kms.Key(
    `${name}-key`,
    {
      description: `Encrypts the backup vault ${called}`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "Account",
            Effect: "Allow",
            Principal: { AWS: `arn:${partition}:iam::${account}:root` },
            Action: "kms:*",
            Resource: "*",
          },
        ],
      }),
    },
    { parent, protect: true },
  );
  new kms.Alias(`${name}-key-alias`, { name: `alias/${called}`, targetKeyId: key.keyId }, { parent });
  const vault = new backup.Vault(
    `${name}-vault`,
    { name: called, forceDestroy: false, kmsKeyArn: key.arn },
    { parent, protect: true },
  );
  new backup.VaultPolicy(
    `${name}-vault-policy`,
    { backupVaultName: vault.name, policy: noDeletion },
    { parent },
  );
  new backup.VaultLockConfiguration(
    `${name}-vault-lock`,
    { ...lockOf(stack, settings), backupVaultName: vault.name },
    { parent },
  );
  return vault;
}

interface Tested {
  vault: backup.Vault;
  role: iam.Role;
  attachments: iam.RolePolicyAttachment[];
  databaseArn: string;
}

/** AWS's own restore each quarter, of either kind of point; the drill besides compares what came back. */
function restoreTests(name: string, called: string, tested: Tested, parent: BackupSchedule): void {
  const plan = new backup.RestoreTestingPlan(
    `${name}-restore-tests`,
    {
      name: called,
      scheduleExpression: "cron(0 1 1 1,4,7,10 ? *)",
      scheduleExpressionTimezone: "Etc/UTC",
      startWindowHours: 8,
      recoveryPointSelection: {
        algorithm: "RANDOM_WITHIN_WINDOW",
        includeVaults: [tested.vault.arn],
        recoveryPointTypes: ["CONTINUOUS", "SNAPSHOT"],
        // No point is kept longer than the shortest retention that is allowed.
        selectionWindowDays: 7,
      },
    },
    { parent },
  );
  new backup.RestoreTestingSelection(
    `${name}-restore-tests-database`,
    {
      name: "database",
      restoreTestingPlanName: plan.name,
      protectedResourceType: databaseOf(tested.databaseArn).kind === "cluster" ? "Aurora" : "RDS",
      protectedResourceArns: [tested.databaseArn],
      iamRoleArn: tested.role.arn,
      // Nobody validates by hand: the copy goes as soon as it may.
      validationWindowHours: 1,
    },
    { parent, dependsOn: tested.attachments },
  );
}

/** The role that AWS Backup takes to make recovery points and to restore them. */
function backupRole(name: string, called: string, databaseArn: string, parent: BackupSchedule) {
  const [, partition] = databaseArn.split(":");
  const trust = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { Service: "backup.amazonaws.com" }, Action: "sts:AssumeRole" },
    ],
  };
  const role = new iam.Role(
    `${name}-role`,
    {
      name: called,
      description: "Taken by AWS Backup for recovery points of the database, and to restore them",
      assumeRolePolicy: JSON.stringify(trust),
    },
    { parent },
  );
  const attachments = ["Backup", "Restores"].map(
    (act) =>
      new iam.RolePolicyAttachment(
        `${name}-role-${act.toLowerCase()}`,
        {
          role: role.name,
          policyArn: `arn:${partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor${act}`,
        },
        { parent },
      ),
  );
  return { role, attachments };
}
