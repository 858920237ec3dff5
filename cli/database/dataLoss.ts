import { messageOf } from "../shell/failure";

/**
 * The loss that a downgrade's Job asks to be approved, `<revision>:<rows>`, if it ended because rows would be lost; it has
 * changed nothing then. Undefined if it ended for another reason.
 */
export const dataLossIn = (error: unknown): string | undefined =>
  /MIGRATION_APPROVE_LOSS=([0-9a-z_]{1,32}:\d+)/.exec(messageOf(error))?.[1];
