import { createHash } from "node:crypto";
import { z } from "zod";
import type { Settings } from "./config";

/**
 * What a stack's newest update left in force, in a parameter: a stack file that is edited by hand can then neither give up
 * the change window nor lock the vault for good without being asked.
 */
export const guardSchema = z.object({
  /** Whether irreversible changes need an approval: config `changeWindow` was there. */
  changeWindow: z.boolean(),
  /** Lock of the backup vault. */
  vaultLock: z.string(),
});
export type Guard = z.infer<typeof guardSchema>;

/** Subject of the change that locks the backup vault in compliance mode: after its grace time nobody can take that off. */
export const vaultLock = "vault-lock";

/** What an update of these settings leaves in force. */
export const guardOf = (settings: Settings): Guard => ({
  changeWindow: settings.changeWindow !== undefined,
  vaultLock: settings.backups.lock,
});

/** Hash to which an approval of the vault's lock is bound: all that is said about the backups. */
export const vaultLockHash = ({ backups }: Settings): string =>
  createHash("sha256").update(JSON.stringify(backups)).digest("hex");

/** Whether these settings would lock the vault for good, which it is not yet. */
export const locksVault = (settings: Settings, inForce: Guard | undefined): boolean =>
  settings.backups.lock === "compliance" && inForce?.vaultLock !== "compliance";

/** Why a stack may not give up what is in force; undefined when it does not. */
export function givenUp(
  settings: Settings,
  inForce: Guard | undefined,
  parameter: string,
): string | undefined {
  if (settings.changeWindow || !inForce?.changeWindow) return undefined;
  return `\`changeWindow\` is gone from the stack file, and with it every check before an irreversible change. Put it back; to give it up on purpose, somebody with the right to deletes the parameter ${parameter}.`;
}
