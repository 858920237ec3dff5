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
import { policyDocument, serviceRole } from "./iam";

export interface BackupScheduleArgs {
  stack: string;
  settings: Pick<Settings, "application" | "database" | "backups" | "alarms">;
}

/** AWS Backup's shortest start window, minutes. Its default of 8 hours would let an hourly backup drift by hours. */
const startWindowMinutes = 60;

/** Minutes after which an unfinished backup counts as failed. AWS Backup's default is 7 days. */
const completionWindowMinutes = 120;

/**
 * Two promises, each with a plan of its own:
 * - hourly recovery points, kept for `retentionDays` (D1);
 * - recovery to any point in time within those days, at most 5 minutes behind.
 * One plan could not keep both: a continuous rule makes no hourly points, and AWS Backup merges overlapping windows within a
 * plan. The continuous rule owns the database's own retention and backup window, so the program that declares the database
 * must leave both alone (`ignoreChanges`).
 *
 * The vault is protected in Pulumi, never emptied by force, locked, and refuses deletion by hand, so that deleting a backup
 * takes a deliberate step. A restore-testing plan restores a point every quarter. A rollback touches none of this.
 */
export class BackupSchedule extends ComponentResource {
  /** ARN of the vault that keeps the recovery points. */
  readonly vaultArn: Output<string>;
  /** ARN of the topic that the alarms on backups notify. */
  readonly alarmTopicArn: Output<string>;

  constructor(name: string, { stack, settings }: BackupScheduleArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:BackupSchedule", name, {}, options);
    const { application, database, backups, alarms } = settings;
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
      // At half past, the window of an hour costs one hourly point a day; at the full hour it would cost two.
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
        // Without the role's policies the first backup would fail.
        { parent: this, dependsOn: attachments },
      );
    }
    restoreTests(name, names.restoreTests, { vault, role, attachments, databaseArn: database.arn }, this);
    const backupAlarms = new BackupAlarms(
      `${name}-alarms`,
      { application: application.name, stack, databaseArn: database.arn, subscribers: alarms.subscribers },
      { parent: this },
    );
    this.vaultArn = vault.arn;
    this.alarmTopicArn = backupAlarms.topicArn;
    this.registerOutputs({ vaultArn: this.vaultArn, alarmTopicArn: this.alarmTopicArn });
  }
}

/** Denies deletion by hand. AWS Backup's own expiry still works. */
const noDeletion = policyDocument({
  Sid: "NoDeletionByHand",
  Effect: "Deny",
  Principal: "*",
  Action: ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle", "backup:DeleteBackupVault"],
  Resource: "*",
});

/** Key, vault, policy against deletion by hand, lock. Points of RDS and Aurora are encrypted with the database's own key. */
function guardedVault(
  name: string,
  { stack, settings }: BackupScheduleArgs,
  parent: BackupSchedule,
): backup.Vault {
  const vaultName = backupNames(settings.application.name, stack).vault;
  const [, partition, , , account] = settings.database.arn.split(":");
  const key = new kms.Key(
    `${name}-key`,
    {
      description: `Encrypts the backup vault ${vaultName}`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: policyDocument({
        Sid: "Account",
        Effect: "Allow",
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: "kms:*",
        Resource: "*",
      }),
    },
    { parent, protect: true },
  );
  new kms.Alias(`${name}-key-alias`, { name: `alias/${vaultName}`, targetKeyId: key.keyId }, { parent });
  const vault = new backup.Vault(
    `${name}-vault`,
    { name: vaultName, forceDestroy: false, kmsKeyArn: key.arn },
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

/** AWS's own restore every quarter, of both kinds of point; the drill also compares the restored data. */
function restoreTests(name: string, awsName: string, tested: Tested, parent: BackupSchedule): void {
  const plan = new backup.RestoreTestingPlan(
    `${name}-restore-tests`,
    {
      name: awsName,
      scheduleExpression: "cron(0 1 1 1,4,7,10 ? *)",
      scheduleExpressionTimezone: "Etc/UTC",
      startWindowHours: 8,
      recoveryPointSelection: {
        algorithm: "RANDOM_WITHIN_WINDOW",
        includeVaults: [tested.vault.arn],
        recoveryPointTypes: ["CONTINUOUS", "SNAPSHOT"],
        // The shortest retention that the config allows: an older point may be gone.
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
      // Nobody validates by hand, so the copy is deleted as soon as possible.
      validationWindowHours: 1,
    },
    { parent, dependsOn: tested.attachments },
  );
}

/** The role that AWS Backup assumes to make recovery points and to restore them. */
function backupRole(name: string, awsName: string, databaseArn: string, parent: BackupSchedule) {
  const [, partition] = databaseArn.split(":");
  const role = serviceRole(
    `${name}-role`,
    {
      name: awsName,
      description: "Taken by AWS Backup for recovery points of the database, and to restore them",
      service: "backup.amazonaws.com",
    },
    parent,
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
