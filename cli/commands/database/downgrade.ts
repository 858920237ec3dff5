import { slots, parameters as paths } from "../../../decisions/stack/names";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { confirm } from "../../shell/ask";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { operate } from "../../stack/operate";
import { describeUpdates } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { passDowngrade } from "../../database/revisionGate";
import { verifyIfChanged } from "../../database/verifySchema";
import { applyStep } from "../../release/applyStep";
import { killSwitchOn } from "../../traffic/killSwitch";

/**
 * Downgrades the database to a revision, with the image of the applied migration. The transition rules refuse it while a
 * release that needs the newer revision has traffic: roll back instead, or pause first.
 */
export async function run(ctx: Context): Promise<void> {
  const { revision, reason } = ctx.options;
  if (revision === undefined)
    throw new Failure(
      exitCodes.usage,
      "REVISION is missing: name the revision to downgrade to. Nothing was changed.",
      { next: makeLine(ctx.stack, "downgrade", { REVISION: "<id>" }) },
    );
  await confirm(
    `Downgrade the database of stack ${ctx.stack} to ${revision}? What later revisions added is dropped.`,
    ctx.options,
    ctx.signal,
  );
  await operate(ctx, {}, async (operation) => {
    const { current } = operation;
    if (!current.migration)
      throw new Failure(
        exitCodes.usage,
        `No migration has run on stack ${ctx.stack}, so there is nothing to downgrade.`,
      );
    await verifyIfChanged(operation);
    const why = reason ?? `downgrade to ${revision}`;
    const before = operation.published.killSwitch;
    // One with our reason was left by a killed run of this command; anybody else's stays on afterwards.
    const isOurs = before === undefined || before.reason === why;
    try {
      if (current.migration.revision === revision) {
        ctx.output.print(`The database of stack ${ctx.stack} is at ${revision} already.`);
        return;
      }
      const { loss } = ctx.options;
      passDowngrade(ctx, current.migration.revision, revision, loss);
      const release = releaseAfter.downgrade(current, { revision, loss });
      // With open traffic the step below is refused, and a refused command must not stop workers.
      if (!ctx.options.dryRun && isOurs && current.traffic === "paused")
        await ctx.parameters.put(paths.killSwitch(ctx.stack), killSwitchOn(ctx, slots, why));
      await applyStep(operation, { step: "downgrade", release, reason: why });
    } finally {
      if (!ctx.options.dryRun && isOurs) await ctx.parameters.remove(paths.killSwitch(ctx.stack));
    }
    ctx.output.print(describeUpdates(operation));
    const live = current.slots[current.live]?.version;
    // Not `open`: the release must be smoke-tested and validated again on the older schema.
    ctx.output.next(live ? makeLine(ctx.stack, "deploy", { VERSION: live }) : makeLine(ctx.stack, "status"));
  });
}
