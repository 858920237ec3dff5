import { namesCheck } from "../../decisions/release/transitionFacts";
import { parameters as paths } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import { makeLine } from "../shell/options";

/** An override without a name and a reason is none. */
export function checkOverride({ options, stack, command }: Context): void {
  if (options.override === undefined || (options.reason !== undefined && options.actorNamed)) return;
  throw new Failure(
    exitCodes.usage,
    "OVERRIDE needs REASON=<why> and ACTOR=<who>: both become part of the record. Nothing was changed.",
    {
      next: makeLine(stack, command, {
        VERSION: options.version,
        OVERRIDE: options.override,
        REASON: "<why>",
        ACTOR: "<who>",
      }),
    },
  );
}

/** Whether OVERRIDE= names this check. */
export const isOverridden = ({ options }: Context, check: string): boolean =>
  options.override !== undefined && namesCheck(options.override, check);

/** Writes OVERRIDE= where the program looks for it; it is valid for the step with this serial only. */
export async function writeOverride(
  { options, parameters, stack, clock }: Context,
  serial: number,
): Promise<void> {
  const { override: check, actor, reason } = options;
  const value = { check, actor, reason, at: clock.now().toISOString() };
  await parameters.put(paths.evidence(stack, "override", String(serial)), JSON.stringify(value));
}
