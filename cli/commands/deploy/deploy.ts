import { digest, liveDigest } from "../../../decisions/release/digest";
import type { ReleaseRecord } from "../../../decisions/release/releaseRecord";
import { goodInstead, intentOf } from "../../../decisions/rollback/rollbackIntent";
import { deployRelease, type DeployOutcome } from "../../deploy/deployRelease";
import { checkOverride } from "../../deploy/override";
import { planDeploy, showDeploy } from "../../deploy/planDeploy";
import { readRecordOf } from "../../release/record";
import { showRollback } from "../../rollback/planRollback";
import { rollBack } from "../../rollback/rollBack";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";
import { readStanding, type Standing } from "../../stack/standing";

/** Brings a version to full production; finished by running it again after a crash at any point. */
export async function run(ctx: Context): Promise<void> {
  const record = readRecordOf(ctx, ctx.options.version);
  checkOverride(ctx);
  const standing = await readStanding(ctx);
  const planned = planDeploy(standing, record);
  // An older known-good version is a rollback, and that must not wait for a lease or a healing update.
  if (planned.kind === "rollback") return deployKnownGood(standing, record, planned.why);
  if (ctx.options.dryRun) return showDeploy(standing, record);
  const outcome = (await finishRollback(standing, record)) ?? (await deployRelease(ctx, record));
  if (outcome.kind === "released") return;
  const { message, details, cause } = outcome;
  throw new Failure(exitCodes.rolledBack, message, { next: makeLine(ctx.stack, "status"), details, cause });
}

/** To a version that was validated on this stack before. */
async function deployKnownGood(
  { ctx, history, current }: Standing,
  { version, image }: ReleaseRecord,
  why: string,
): Promise<void> {
  ctx.output.say(why);
  const target = { version };
  if (ctx.options.dryRun) return showRollback(ctx, target);
  const intent = intentOf(history, digest(image), liveDigest(current));
  await rollBack(ctx, { intent, target, reason: ctx.options.reason });
}

/** A deploy that was killed while it went back: its release stays refused, and the same command finishes the rollback. */
async function finishRollback(
  { ctx, current, published }: Standing,
  { version, image }: ReleaseRecord,
): Promise<DeployOutcome | undefined> {
  const reason = published.refused.get(digest(image))?.reason;
  const good = reason === undefined ? undefined : goodInstead(current, digest(image));
  if (reason === undefined || good === undefined) return undefined;
  ctx.output.warn(`${version} was rejected (${reason}) and going back is not finished`);
  await rollBack(ctx, { intent: "finish", target: { version: good }, reason });
  return {
    kind: "rolled-back",
    message: `${version} was not released: ${reason}. Going back to ${good} is finished now.`,
  };
}
