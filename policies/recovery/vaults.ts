import { mayName, names, ofType } from "../resourceGraph";
import { checkProperties, isBetween, isFalse, propertyReporter } from "../propertyChecks";
import {
  type Declared,
  type ReportViolation,
  booleanSetting,
  integerSetting,
  resourceRule,
  stackRule,
} from "../rule";
import { types } from "../types";
import { document, isSet, listAt, unknown, valueAt } from "../propertyValues";

/** Rules about the vault that backups are kept in. */

const isVaultName = (name: unknown): boolean => /^[\w-]{2,50}$/.test(String(name));

export const backupVaultGuarded = resourceRule({
  id: "backup-vault-guarded",
  area: "recovery",
  severity: "critical",
  rows: ["D1"],
  description: "A backup vault is protected in Pulumi, is never emptied by force, and is encrypted.",
  why: "Whoever deletes the vault deletes every backup.",
  remedy: "Set `protect: true`, leave `forceDestroy` out or false, and give `kmsKeyArn`.",
  settings: {
    requireCustomerKey: booleanSetting(
      "Whether the vault must name a KMS key of the account's own. Without it AWS Backup encrypts with its own key.",
      false,
    ),
  },
  types: [types.backupVault],
  check(vault, report, { requireCustomerKey }) {
    if (!vault.protect)
      report(vault, {
        at: "protect",
        found: "false",
        required: "true",
        fix: "Declare the vault with the option `protect: true`, so that deleting it takes a second, deliberate step.",
      });
    checkProperties(vault, report, [
      {
        path: "name",
        allows: isVaultName,
        required: "a name of its own, by which alarms and restores find it",
        fix: "Give it one.",
      },
      {
        path: "forceDestroy",
        allows: isFalse,
        mayBeUnset: true,
        required: "false",
        fix: "Leave it out: with it, deleting the vault deletes every recovery point.",
      },
      {
        path: "kmsKeyArn",
        allows: (value) => typeof value === "string" && value.startsWith("arn:"),
        mayBeUnset: !requireCustomerKey,
        required: "the ARN of a KMS key",
        fix: "Create a key with rotation and give its ARN.",
      },
    ]);
  },
});

export const backupVaultLocked = stackRule({
  id: "backup-vault-locked",
  area: "recovery",
  severity: "high",
  rows: ["D1"],
  description:
    "Every backup vault has a lock, and every plan that fills it keeps backups within the lock's limits.",
  why: "Without a lock one stolen login can delete every backup; AWS does not make a backup outside the limits.",
  remedy:
    "Declare a VaultLockConfiguration with `minRetentionDays` and `maxRetentionDays` around `deleteAfter`.",
  settings: {
    minDays: integerSetting("Shortest time that the lock must hold a backup, days.", 7, [1, 36_500]),
  },
  checkStack(resources, report, { minDays }) {
    const locks = ofType(resources, types.vaultLock);
    for (const vault of ofType(resources, types.backupVault)) {
      const lock = locks.find((one) => mayName(one, "backupVaultName", vault));
      if (!lock) {
        report(vault, {
          found: "no lock",
          required: "a VaultLockConfiguration for it",
          fix: "Declare one with `backupVaultName` of this vault; without `changeableForDays` it is in governance mode.",
        });
        continue;
      }
      checkProperties(lock, report, [
        {
          path: "minRetentionDays",
          allows: isBetween(minDays, 36_500),
          required: `${minDays} days or more`,
          fix: `Set it to ${minDays}.`,
        },
        {
          path: "maxRetentionDays",
          allows: isBetween(minDays, 36_500),
          required: `a limit of ${minDays} days or more`,
          fix: "Set it to the longest retention that you need.",
        },
      ]);
      for (const plan of ofType(resources, types.backupPlan)) checkWithinLock(plan, vault, lock, report);
    }
  },
});

/** A plan's rules that fill the vault keep their backups within the lock's limits. */
function checkWithinLock(plan: Declared, vault: Declared, lock: Declared, report: ReportViolation): void {
  const [least, most] = ["minRetentionDays", "maxRetentionDays"].map((key) => valueAt(lock.properties, key));
  if (typeof least !== "number" || typeof most !== "number") return;
  for (const [index, rule] of listAt(plan.properties, "rules").entries()) {
    const days = valueAt(rule, "lifecycle.deleteAfter");
    const fills = names(plan, "rules", valueAt(rule, "targetVaultName"), vault) !== "no";
    if (fills && typeof days === "number" && (days < least || days > most))
      report(plan, {
        at: `rules[${index}].lifecycle.deleteAfter`,
        found: `${days} days`,
        required: `${least} to ${most} days, the limits of the lock ${lock.name}`,
        fix: "Change one of them: AWS does not make a backup outside the limits.",
      });
  }
}

export const backupVaultPolicyDeniesDeletion = resourceRule({
  id: "backup-vault-policy-denies-deletion",
  area: "recovery",
  severity: "medium",
  rows: ["D1"],
  description: "If a backup vault has an access policy, it denies the deletion of recovery points.",
  why: "A policy that only allows is worse than none: it reads like protection.",
  remedy: 'Deny "backup:DeleteRecoveryPoint" to everybody in `policy`, or leave the policy out.',
  types: [types.vaultPolicy],
  check(policy, report) {
    const value = valueAt(policy.properties, "policy");
    if (value === unknown) return;
    const denies = [valueAt(document(value), "Statement")]
      .flat()
      .some(
        (one) =>
          valueAt(one, "Effect") === "Deny" &&
          isSet(valueAt(one, "Principal")) &&
          [valueAt(one, "Action")].flat().some((act) => /^(backup:(\*|Delete\w*\*?)|\*)$/.test(String(act))),
      );
    if (!denies)
      propertyReporter(policy, report)(
        "policy",
        value,
        'a statement that denies "backup:DeleteRecoveryPoint"',
        "Add the statement; a lock in governance mode can be removed.",
      );
    checkProperties(policy, report, [
      {
        path: "backupVaultName",
        allows: isVaultName,
        required: "the name of the one vault that it is for",
        fix: "Name the vault.",
      },
    ]);
  },
});
