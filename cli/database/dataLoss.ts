import { messageOf } from "../shell/failure";

/**
 * What a downgrade's Job asks to be approved, `<revision>:<rows>`, where it ended because rows would be lost; it has done
 * nothing then. Undefined where it ended for anything else.
 */
export const dataLossIn = (error: unknown): string | undefined =>
  /MIGRATION_APPROVE_LOSS=([0-9a-z_]{1,32}:\d+)/.exec(messageOf(error))?.[1];
