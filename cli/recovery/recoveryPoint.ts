import { recoveryPointAge } from "../../decisions/deploy/checks/recovery";
import { parameters as paths } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import { makeLine } from "../shell/options";
import { openRecovery } from "./recoveryPort";

/**
 * Makes sure that a recovery point younger than `maxMinutes` exists, taking one if not, and publishes when it was completed.
 * Throws refused (4) if there is none and none can be taken.
 * @returns ISO time at which it was completed
 */
export async function ensureRecoveryPoint(ctx: Context, maxMinutes: number): Promise<string> {
  const { source, live } = await openRecovery(ctx);
  let newest = await source.newestPoint().catch((error: unknown) => {
    ctx.output.warn(`the recovery points could not be read: ${messageOf(error)}`);
    return null;
  });
  const { ok, detail } = recoveryPointAge(newest, ctx.clock.now(), maxMinutes * 60);
  if (!ok) {
    try {
      newest = await ctx.output.step("recovery", `take a recovery point: ${detail}`, () =>
        source.takePoint(live, ctx.signal),
      );
    } catch (error) {
      ctx.signal.throwIfAborted();
      throw new Failure(exitCodes.refused, `A recovery point could not be taken: ${messageOf(error)}.`, {
        cause: error,
        next: makeLine(ctx.stack, "drill"),
      });
    }
  }
  const at = newest ?? ctx.clock.now().toISOString();
  await ctx.parameters.put(paths.evidence(ctx.stack, "recovery-point", "last"), JSON.stringify({ at }));
  return at;
}
