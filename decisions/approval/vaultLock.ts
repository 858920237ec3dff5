import { hash } from "node:crypto";
import { backupNames } from "../recovery/backupNames";
import type { Settings } from "../stack/config";

/** Subject of the change that locks the backup vault in compliance mode: after the days of grace nobody can undo that. */
export const vaultLock = "vault-lock";

/** Longest retention of the vault's lock, days: as far as a continuous backup goes. */
const maxLockedDays = 35;

/** Days after which a lock in compliance mode cannot be taken off any more: AWS's shortest. */
const graceDays = 3;

type Locked = Pick<Settings, "application" | "backups">;

/**
 * The lock that these settings put on a stack's vault, as AWS takes it. With days of grace it is in compliance mode, and after
 * them it is for good; without, in governance mode.
 */
export const lockOf = (stack: string, { application, backups }: Locked) => ({
  backupVaultName: backupNames(application.name, stack).vault,
  minRetentionDays: backups.retentionDays,
  maxRetentionDays: maxLockedDays,
  ...(backups.lock === "compliance" ? { changeableForDays: graceDays } : {}),
});

/**
 * Hash to which an approval of a lock is bound: which vault, for how long, and when it is for good. Nothing else, so that no
 * other setting voids an approval; and no approval of one stack's vault counts for another's.
 */
export function vaultLockHash(stack: string, settings: Locked): string {
  const { backupVaultName, minRetentionDays, maxRetentionDays, changeableForDays } = lockOf(stack, settings);
  const lock = [backupVaultName, minRetentionDays, maxRetentionDays, changeableForDays ?? null];
  return hash("sha256", JSON.stringify(lock));
}
