import { fileChange } from "../../../decisions/deploy/fileChange";
import { liveDigest } from "../../../decisions/release/digest";
import { transitionFacts } from "../../../decisions/stack/parameters";
import { describeHint } from "../../../decisions/text/commandHint";
import { routingFor } from "../../../decisions/traffic/routing";
import { wasCommittedAhead } from "../../../repository/stack/committedSerial";
import { GitFault } from "../../../repository/stack/git";
import { applyStep } from "../../release/applyStep";
import { recordValidated } from "../../release/knownGood";
import { showRollback } from "../../rollback/planRollback";
import { rollBack } from "../../rollback/rollBack";
import { confirm } from "../../shell/ask";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";
import { apply } from "../../stack/apply";
import { operate } from "../../stack/operate";
import { describeUpdates, type Operation } from "../../stack/operation";
import { readPromotionSource } from "../../stack/promotionSource";
import { readStanding } from "../../stack/standing";
import { confirmTraffic } from "../../traffic/confirmTraffic";

/** Applies the stack file as it is: what a pipeline runs after a push. A file that was reverted is a rollback. */
export async function run(ctx: Context): Promise<void> {
  const { settings, output, options, stack } = ctx;
  const { history, published } = await readStanding(ctx);
  const facts = transitionFacts(published, settings.release, await readPromotionSource(ctx));
  const change = fileChange({
    file: settings,
    published: published.release,
    history,
    facts,
    wasAhead: () => wasAhead(ctx),
  });
  output.set("change", change.kind);
  if (change.kind === "refused")
    throw new Failure(exitCodes.refused, `${change.reasons.join("\n")}\nNothing was changed.`, {
      next: describeHint(stack, change.next),
      details: { reasons: change.reasons },
    });
  if (change.kind === "revert") {
    const { name, version } = change.target;
    output.say(`the file was reverted to ${version} as of ${name}: this is a rollback`);
    const target = { update: name };
    if (options.dryRun) return showRollback(ctx, target);
    await confirm(`Roll stack ${stack} back to ${version} (${name})?`, options, ctx.signal);
    const reason = options.reason ?? `the stack file was reverted to ${version}`;
    return rollBack(ctx, { intent: "incident", target, reason });
  }
  await operate(ctx, {}, async (operation) => {
    if (change.kind === "step") await applyStep(operation, { step: change.step, release: settings.release });
    else await applyConfig(operation);
    if (options.dryRun) return;
    await recordValidated(operation);
    await confirmServing(operation);
    output.print(describeUpdates(operation));
    output.next(makeLine(stack, "status"));
  });
}

/** The release as it is, with whatever else the file says. */
async function applyConfig(operation: Operation): Promise<void> {
  const { ctx, current } = operation;
  if (ctx.options.dryRun) ctx.output.print(`Would apply serial ${current.serial} with the file's config.`);
  else await apply(operation, { step: "config", release: current });
}

/** Requests show who answers, where one release alone should. */
async function confirmServing({ ctx, current }: Operation): Promise<void> {
  const digest = liveDigest(current);
  if (digest === undefined || current.canaryWeight > 0) return;
  await confirmTraffic(ctx, { routing: routingFor(current), digest, after: "update" });
}

/** Whether the file was ahead of itself once; refused (4) where git cannot say. */
function wasAhead({ root, stack, settings }: Context): boolean {
  try {
    return wasCommittedAhead(root, stack, settings.release.serial);
  } catch (error) {
    if (!(error instanceof GitFault)) throw error;
    throw new Failure(
      exitCodes.refused,
      `Whether the file was reverted, or is only old, is not known: ${error.message}. Nothing was changed.`,
      { next: error.next, cause: error },
    );
  }
}
