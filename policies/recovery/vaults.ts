import { names, ofType } from "../resourceGraph";
import { checkProperties, isBetween } from "../propertyChecks";
import { resourceRule, stackRule } from "../rule";
import { types } from "../types";
import { document, isSet, listAt, shown, unknown, valueAt } from "../propertyValues";

/** Rules about the place where backups lie. */

const isVaultName = (name: unknown): boolean => /^[\w-]{2,50}$/.test(String(name));

export const vaultGuarded = resourceRule<{ requireCustomerKey: boolean }>({
  id: "backup-vault-guarded",
  area: "backups",
  severity: "critical",
  rows: ["D1"],
  description: "A backup vault is protected in Pulumi, is never emptied by force, and is encrypted.",
  why: "Whoever deletes the vault deletes the only way back.",
  remedy: "Set `protect: true`, leave `forceDestroy` out or false, and give `kmsKeyArn`.",
  settings: {
    requireCustomerKey: {
      type: "boolean",
      description:
        "Whether the vault must name a KMS key of the account's own. Without one AWS Backup encrypts with its own key.",
      default: false,
    },
  },
  types: [types.backupVault],
  check(vault, report, { requireCustomerKey }) {
    if (!vault.protect)
      report(
        {
          at: "protect",
          found: "false",
          required: "true",
          fix: "Declare the vault with the option `protect: true`; deleting it is then a decision of its own.",
        },
        vault,
      );
    checkProperties(
      vault,
      [
        {
          path: "name",
          allows: isVaultName,
          required: "a name of its own, by which alarms and restores find it",
          fix: "Give it one.",
        },
        {
          path: "forceDestroy",
          allows: (value) => value === false,
          mayBeUnset: true,
          required: "false",
          fix: "Leave it out: with it a delete takes every recovery point along.",
        },
        {
          path: "kmsKeyArn",
          allows: (value) => typeof value === "string" && value.startsWith("arn:"),
          mayBeUnset: !requireCustomerKey,
          required: "the ARN of a KMS key",
          fix: "Create a key with rotation and give its ARN.",
        },
      ],
      report,
    );
  },
});

export const vaultLocked = stackRule<{ minDays: number }>({
  id: "backup-vault-locked",
  area: "backups",
  severity: "high",
  rows: ["D1"],
  description:
    "Every backup vault has a lock, and the retention of every rule that fills it lies within its limits.",
  why: "Without a lock one stolen login deletes every backup; a backup outside of the limits is not made at all.",
  remedy:
    "Declare a VaultLockConfiguration with `minRetentionDays` and `maxRetentionDays` around `deleteAfter`.",
  settings: {
    minDays: {
      type: "integer",
      description: "Days that the lock must hold a backup at least.",
      default: 7,
      minimum: 1,
      maximum: 36_500,
    },
  },
  checkStack(resources, report, { minDays }) {
    const locks = ofType(resources, types.vaultLock);
    const plans = ofType(resources, types.backupPlan);
    for (const vault of ofType(resources, types.backupVault)) {
      const lock = locks.find(
        (one) => names(one, "backupVaultName", valueAt(one.properties, "backupVaultName"), vault) !== "no",
      );
      if (!lock) {
        report(
          {
            found: "no lock",
            required: "a VaultLockConfiguration for it",
            fix: "Declare one with `backupVaultName` of this vault; without `changeableForDays` it is in governance mode.",
          },
          vault,
        );
        continue;
      }
      checkProperties(
        lock,
        [
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
            fix: "Set it to the longest retention that is wanted.",
          },
        ],
        report,
      );
      const [least, most] = ["minRetentionDays", "maxRetentionDays"].map((key) =>
        valueAt(lock.properties, key),
      );
      for (const plan of plans)
        for (const [index, rule] of listAt(plan.properties, "rules").entries()) {
          if (names(plan, "rules", valueAt(rule, "targetVaultName"), vault) === "no") continue;
          const days = valueAt(rule, "lifecycle.deleteAfter");
          if (typeof days !== "number" || typeof least !== "number" || typeof most !== "number") continue;
          if (days < least || days > most)
            report(
              {
                at: `rules[${index}].lifecycle.deleteAfter`,
                found: `${days} days`,
                required: `${least} to ${most} days, the limits of the lock ${lock.name}`,
                fix: "Change the one or the other: AWS does not make a backup outside of the limits.",
              },
              plan,
            );
        }
    }
  },
});

export const vaultPolicy = resourceRule({
  id: "backup-vault-policy-denies-deletion",
  area: "backups",
  severity: "medium",
  rows: ["D1"],
  description:
    "An access policy of a backup vault is a document that denies the deletion of recovery points.",
  why: "A policy that only allows is worse than none: it reads like protection.",
  remedy: 'Deny "backup:DeleteRecoveryPoint" to everybody in `policy`, or leave the policy out.',
  types: [types.vaultPolicy],
  check(policy, report) {
    const value = valueAt(policy.properties, "policy");
    if (value === unknown) return;
    const statements = valueAt(document(value), "Statement");
    const denies = (Array.isArray(statements) ? statements : [statements]).some(
      (one) =>
        valueAt(one, "Effect") === "Deny" &&
        isSet(valueAt(one, "Principal")) &&
        [valueAt(one, "Action")].flat().some((act) => /^(backup:(\*|Delete\w*\*?)|\*)$/.test(String(act))),
    );
    if (!denies)
      report(
        {
          at: "policy",
          found: shown(value),
          required: 'a statement that denies "backup:DeleteRecoveryPoint"',
          fix: "Add the statement; a lock in governance mode alone can be taken off.",
        },
        policy,
      );
    checkProperties(
      policy,
      [
        {
          path: "backupVaultName",
          allows: isVaultName,
          required: "the name of the one vault that it is for",
          fix: "Name the vault.",
        },
      ],
      report,
    );
  },
});
