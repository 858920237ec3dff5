import { releaseAfter } from "../../../decisions/release/nextRelease";
import { confirmTraffic } from "../../traffic/confirmTraffic";
import type { Context } from "../../shell/context";
import { operate } from "../../stack/operate";
import { describeUpdates } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { applyStep } from "../../release/applyStep";

/** Answers the fixed 503 at once by a direct call, then writes it into config, so that the two agree. Never asks. */
export async function run(ctx: Context): Promise<void> {
  // The lease comes first: otherwise the next update of a running deploy would open traffic again.
  await operate(ctx, { heal: false }, async (operation) => {
    const { current } = operation;
    const route = ctx.options.dryRun ? undefined : await ctx.loadBalancer.route(ctx.signal);
    if (route)
      await ctx.output.step("stop", "pause the listener rule", () =>
        ctx.loadBalancer.set(route, { traffic: "paused" }, ctx.signal),
      );
    if (current.traffic === "paused") {
      ctx.output.print(`Traffic of stack ${ctx.stack} is paused already.`);
    } else {
      await applyStep(operation, {
        step: "pause",
        release: releaseAfter.pause(current),
        reason: ctx.options.reason ?? "pause",
      });
      if (!ctx.options.dryRun)
        await confirmTraffic(ctx, { routing: { traffic: "paused" }, digest: "", after: "pause" });
      ctx.output.print(describeUpdates(operation));
    }
    ctx.output.next(makeLine(ctx.stack, "open"));
  });
}
