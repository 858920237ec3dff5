import { parameters as paths } from "../../decisions/stack/names";
import type { PlannedUpdate } from "../../decisions/release/plannedUpdate";
import type { Context } from "../shell/context";
import { recordValidated } from "../release/knownGood";
import { apply } from "../stack/apply";
import type { Operation } from "../stack/operation";
import { BrakeHandle } from "../traffic/brake";
import { smokeStep } from "../traffic/smoke";

/**
 * The updates of a rollback, in order. The brake holds the rule until the first of them has ended; the kill switch goes
 * once nothing is validated any more and no downgrade is left, before the smoke tests that need the workers.
 */
export async function executePlan(
  operation: Operation,
  steps: readonly PlannedUpdate[],
  brake = new BrakeHandle(operation.ctx),
): Promise<void> {
  const { ctx } = operation;
  const downgradeFrom = (index: number) => steps.slice(index).some(({ step }) => step === "downgrade");
  for (const [index, step] of steps.entries()) {
    if (!brake.isOn && operation.current.validated === undefined && !downgradeFrom(index))
      await clearKillSwitch(ctx);
    if (step.smokeBefore) await smokeStep(ctx, operation.current, step.smokeBefore);
    if (step.release.traffic === "paused") brake.pause();
    await apply(operation, { ...step, reason: step.why, isRollback: true });
    await brake.handBackToPulumi(step.release);
    if (step.smoke) {
      if (!downgradeFrom(index + 1)) await clearKillSwitch(ctx);
      await smokeStep(ctx, step.release, step.smoke);
    }
    if (step.release.validated !== undefined) await recordValidated(operation);
  }
  await brake.handBackToPulumi(operation.current);
  await clearKillSwitch(ctx);
}

const clearKillSwitch = (ctx: Context): Promise<void> => ctx.parameters.remove(paths.killSwitch(ctx.stack));
