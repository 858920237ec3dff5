import { type PropertyCheck, checkProperties, isBetween, isFalse, isTrue } from "../propertyChecks";
import { integerSetting, resourceRule } from "../rule";
import { databaseTypes, types } from "../types";
import { isReplica } from "./databases";

/** Rules about a database's own settings. */

export const databaseRetentionLongEnough = resourceRule({
  id: "database-retention-long-enough",
  area: "recovery",
  severity: "critical",
  rows: ["D1", "D2"],
  description:
    "A database keeps its automated backups, and with them point-in-time recovery, for at least `minDays`.",
  why: "The provider's default is 0 for an instance and 1 day for a cluster: unset means no point-in-time recovery.",
  remedy: "Set `backupRetentionPeriod` to 7 or more.",
  settings: { minDays: integerSetting("Days at least; AWS allows 35 at most.", 7, [1, 35]) },
  types: databaseTypes,
  check(database, report, { minDays }) {
    if (isReplica(database)) return;
    checkProperties(database, report, [
      {
        path: "backupRetentionPeriod",
        allows: isBetween(minDays, 35),
        required: `${minDays} to 35 days`,
        fix: `Set it to ${minDays}; unset, it is 0 for an instance and 1 for a cluster.`,
      },
    ]);
  },
});

/** What a replica, which has no backups of its own, need not say. */
const ownBackups: readonly PropertyCheck[] = [
  {
    path: "skipFinalSnapshot",
    allows: isFalse,
    mayBeUnset: true,
    required: "false",
    fix: "Leave it out or set it to false.",
  },
  {
    path: "finalSnapshotIdentifier",
    required: "a name for the final snapshot, without which a delete fails",
    fix: "Give one.",
  },
  {
    path: "deleteAutomatedBackups",
    allows: isFalse,
    required: "false",
    fix: "Set it to false: by default the automated backups go with the database.",
  },
];

const notPublic: PropertyCheck = {
  path: "publiclyAccessible",
  allows: isFalse,
  mayBeUnset: true,
  required: "false",
  fix: "Leave it out.",
};

export const databaseDeletionGuarded = resourceRule({
  id: "database-deletion-guarded",
  area: "recovery",
  severity: "critical",
  rows: ["D1"],
  description: "A database cannot be deleted by accident, and leaves a final snapshot if it is deleted.",
  why: "`protect` stops only Pulumi, `deletionProtection` everybody; without a final snapshot the last hour is lost.",
  remedy:
    "Set `protect: true`, `deletionProtection: true`, `skipFinalSnapshot: false` and `finalSnapshotIdentifier`; set `deleteAutomatedBackups: false` (the default is true) and `storageEncrypted: true`; leave `publiclyAccessible` out.",
  types: databaseTypes,
  check(database, report) {
    if (!database.protect)
      report(database, {
        at: "protect",
        found: "false",
        required: "true",
        fix: "Declare it with the option `protect: true`.",
      });
    checkProperties(database, report, [
      { path: "deletionProtection", allows: isTrue, required: "true", fix: "Set it; the default is false." },
      ...(isReplica(database) ? [] : ownBackups),
      { path: "storageEncrypted", allows: isTrue, required: "true", fix: "Set it; it cannot be set later." },
      ...(database.type === types.databaseInstance ? [notPublic] : []),
    ]);
  },
});
