import type { Slot } from "../../decisions/stack/names";

/** The kill switch's parameter, from now on: risky flags are off and the workers of these slots stop. */
export const killSwitchOn = (workers: readonly Slot[], reason: string): string =>
  JSON.stringify({ flags: "off", workers, reason, at: new Date().toISOString() });
