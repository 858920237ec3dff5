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
  options.override?.split(",").includes(check) === true;
