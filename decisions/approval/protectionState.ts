import { z } from "zod";
import type { Settings } from "../stack/config";
import { vaultLockHash } from "./vaultLock";

/**
 * What a stack's newest update left in force, as a parameter holds it: so a hand-edited stack file can neither give up the
 * change window nor lock the vault for good unnoticed.
 */
export const protectionStateSchema = z.object({
  /** Whether irreversible changes need an approval: config `changeWindow` was there. */
  changeWindow: z.boolean(),
  /** Lock of the backup vault. */
  vaultLock: z.string(),
  /** Which lock that is: {@link vaultLockHash}. Absent where an older version wrote it. */
  vaultLockHash: z.string().optional(),
});
export type ProtectionState = z.infer<typeof protectionStateSchema>;

/** What an update of these settings leaves in force. */
export const protectionStateOf = (stack: string, settings: Settings): ProtectionState => ({
  changeWindow: settings.changeWindow !== undefined,
  vaultLock: settings.backups.lock,
  vaultLockHash: vaultLockHash(stack, settings),
});

/** Whether these settings would lock the vault for good, as it is not yet: for the first time, or for other days. */
export function locksVault(stack: string, settings: Settings, inForce: ProtectionState | undefined): boolean {
  if (settings.backups.lock !== "compliance") return false;
  const hash = vaultLockHash(stack, settings);
  return inForce?.vaultLock !== "compliance" || (inForce.vaultLockHash ?? hash) !== hash;
}

/** Why a stack may not give up what is in force; undefined when it does not. */
export function whyNotGivenUp(
  settings: Settings,
  inForce: ProtectionState | undefined,
  parameter: string,
): string | undefined {
  if (settings.changeWindow || !inForce?.changeWindow) return undefined;
  return `\`changeWindow\` is gone from the stack file, and with it every check before an irreversible change. Put it back; to give it up on purpose, somebody with the right to deletes the parameter ${parameter}.`;
}
