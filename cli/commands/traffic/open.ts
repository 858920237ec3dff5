import { liveDigest } from "../../../decisions/release/digest";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { routingFor } from "../../../decisions/traffic/routing";
import { confirmTraffic } from "../../traffic/confirmTraffic";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { operate } from "../../stack/operate";
import { describeUpdates } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { applyStep } from "../../release/applyStep";
import { smokeStep } from "../../traffic/smoke";

/** Opens paused traffic again, after the smoke tests on the live slot's test rule. */
export async function run(ctx: Context): Promise<void> {
  await operate(ctx, {}, async (operation) => {
    const { current } = operation;
    const live = liveDigest(current);
    if (live === undefined)
      throw new Failure(
        exitCodes.refused,
        `Slot ${current.live} is empty, so nothing would answer. Deploy a release first.`,
      );
    if (current.traffic === "open") {
      ctx.output.print(`Traffic of stack ${ctx.stack} is open already.`);
    } else {
      await smokeStep(ctx, current, current.live).catch((error: unknown) => {
        throw new Failure(
          exitCodes.refused,
          `Traffic stays paused. ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        );
      });
      await applyStep(operation, {
        step: "open",
        release: releaseAfter.open(current),
        reason: ctx.options.reason ?? "open",
      });
      if (!ctx.options.dryRun && operation.current.canaryWeight === 0)
        await confirmTraffic(ctx, {
          routing: routingFor(operation.current),
          digest: live,
          after: "opening",
        });
      ctx.output.print(describeUpdates(operation));
    }
    ctx.output.next(makeLine(ctx.stack, "status"));
  });
}
