import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import * as backup from "@pulumi/aws/backup";
import * as iam from "@pulumi/aws/iam";
import type { Settings } from "../decisions/config";

export interface BackupScheduleArgs {
  stack: string;
  settings: Pick<Settings, "application" | "database" | "backups">;
}

/** AWS Backup's shortest start window, minutes. Its default of 8 hours would let an hourly backup drift by hours. */
const startWindowMinutes = 60;

/** A backup that has not finished two hours after its hour has failed, minutes. The default is 7 days. */
const completionWindowMinutes = 120;

/**
 * Hourly recovery points of the database, kept `retentionDays` (D1). They do not count towards the quota of manual
 * snapshots. Point-in-time recovery is the database's own and another promise.
 *
 * The vault is protected in Pulumi and never emptied by force: deleting it is a decision of its own. A rollback does not
 * touch any of this.
 */
export class BackupSchedule extends ComponentResource {
  readonly vaultArn: Output<string>;

  constructor(name: string, { stack, settings }: BackupScheduleArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:BackupSchedule", name, {}, options);
    const { application, database, backups } = settings;
    const prefix = `${application.name}-${stack}`;
    const vault = new backup.Vault(
      `${name}-vault`,
      { name: `${prefix}-database`, forceDestroy: false },
      { parent: this, protect: true },
    );
    const plan = new backup.Plan(
      `${name}-plan`,
      {
        name: `${prefix}-hourly`,
        rules: [
          {
            ruleName: "hourly",
            targetVaultName: vault.name,
            schedule: "cron(0 * * * ? *)",
            scheduleExpressionTimezone: "Etc/UTC",
            startWindow: startWindowMinutes,
            completionWindow: completionWindowMinutes,
            lifecycle: { deleteAfter: backups.retentionDays },
          },
        ],
      },
      { parent: this },
    );
    const { role, attachments } = backupRole(name, prefix, database.arn, this);
    new backup.Selection(
      `${name}-selection`,
      { name: `${prefix}-database`, planId: plan.id, iamRoleArn: role.arn, resources: [database.arn] },
      // A selection whose role may not do anything yet would fail its first backup.
      { parent: this, dependsOn: attachments },
    );
    this.vaultArn = vault.arn;
    this.registerOutputs({ vaultArn: this.vaultArn });
  }
}

/** The role that AWS Backup takes to make recovery points and to restore them. */
function backupRole(name: string, prefix: string, databaseArn: string, parent: BackupSchedule) {
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
      name: `${prefix}-backup`,
      description: "Taken by AWS Backup for the hourly recovery points of the database, and to restore them",
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
