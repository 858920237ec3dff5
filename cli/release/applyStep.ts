import { exitCodes, Failure, failureFrom } from "../shell/failure";
import { refuseIrreversible } from "../approval/irreversible";
import { dataLossIn } from "../database/dataLoss";
import { apply } from "../stack/apply";
import type { Change, Operation } from "../stack/operation";
import { makeLine } from "../shell/options";
import { UpdateFailed } from "../ports/engine";
import { requireLegal } from "./legality";

/**
 * One step in an operation of its own: asked whether it is legal, said only with DRY_RUN, applied. A failed update
 * leaves the file as it was and ends as rolled back (5).
 */
export async function applyStep(
  operation: Operation,
  change: Change & { step: Exclude<Change["step"], "reapply"> },
): Promise<void> {
  const { ctx, current } = operation;
  await requireLegal(ctx, change);
  await refuseIrreversible(ctx, current, change.release);
  ctx.output.set("plan", [{ step: change.step, serial: change.release.serial }]);
  if (ctx.options.dryRun) {
    ctx.output.print(`Would apply the step ${change.step}, serial ${change.release.serial}.`);
    return;
  }
  try {
    await apply(operation, change);
  } catch (error) {
    if (!(error instanceof UpdateFailed)) throw error;
    const loss = dataLossIn(error);
    if (loss !== undefined)
      throw new Failure(
        exitCodes.refused,
        `The step ${change.step} would lose rows, so it was refused and the database is as it was: ${error.message}`,
        {
          next: makeLine(ctx.stack, ctx.command, { REVISION: ctx.options.revision, LOSS: loss }),
          cause: error,
          details: { loss },
        },
      );
    throw failureFrom(
      error,
      `The step ${change.step} failed; the file holds the release before it`,
      exitCodes.rolledBack,
    );
  }
}
