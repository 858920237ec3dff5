import type { Slot } from "../../decisions/stack/names";
import type { Context } from "../shell/context";

/** The kill switch's parameter, from now on: risky flags are off and the workers of these slots stop. */
export const killSwitchOn = (
  { clock }: Pick<Context, "clock">,
  workers: readonly Slot[],
  reason: string,
): string => JSON.stringify({ flags: "off", workers, reason, at: clock.now().toISOString() });
