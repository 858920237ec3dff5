import type { GateSettings } from "../../decisions/gate/monitorState";
import { overridable } from "../../decisions/release/transitionFacts";
import type { Context } from "../shell/context";
import { isOverridden } from "./override";

/** What the gate goes by here: config, and the checks that a person overrode. */
export const gateSettings = (ctx: Context): GateSettings => ({
  gate: ctx.settings.gate,
  slo: ctx.settings.slo,
  ...(isOverridden(ctx, overridable.budget) ? { overridden: [overridable.budget] } : {}),
});
