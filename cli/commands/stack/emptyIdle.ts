import { idleSlot } from "../../../decisions/release/trafficWeights";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { confirm } from "../../shell/ask";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { operate } from "../../stack/operate";
import { describeUpdates } from "../../stack/operation";
import { applyStep } from "../../release/applyStep";

/** Empties the idle slot. A rollback then has to load the release again, instead of only changing weights. */
export async function run(ctx: Context): Promise<void> {
  await confirm(
    `Empty the idle slot of stack ${ctx.stack}? A rollback to its release will then take minutes instead of seconds.`,
    ctx.options,
    ctx.signal,
  );
  await operate(ctx, {}, async (operation) => {
    const { current } = operation;
    const idle = idleSlot(current);
    const emptied = current.slots[idle];
    if (!emptied) {
      ctx.output.print(`Slot ${idle} is empty already.`);
      return;
    }
    if (current.canaryWeight > 0)
      throw new Failure(
        exitCodes.refused,
        `Slot ${idle} has ${current.canaryWeight} % of the traffic. Finish or roll back the canary first.`,
      );
    await applyStep(operation, {
      step: "empty-idle",
      release: releaseAfter.emptyIdle(current),
      reason: ctx.options.reason ?? "empty-idle",
    });
    ctx.output.print(`Slot ${idle} held ${emptied.version} and is empty now.\n${describeUpdates(operation)}`);
  });
}
