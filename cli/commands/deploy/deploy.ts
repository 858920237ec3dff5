import { deployPlan, type DeployStep } from "../../../decisions/deploy/deployPlan";
import type { Release } from "../../../decisions/stack/config";
import { digest, digestIn, liveDigest } from "../../../decisions/release/digest";
import { exposedDigests, idleSlot } from "../../../decisions/release/trafficWeights";
import { knownGood, type HistoryEntry } from "../../../decisions/stack/history";
import { parameters as paths } from "../../../decisions/stack/names";
import { transitionFacts } from "../../../decisions/stack/parameters";
import type { ReleaseRecord } from "../../../decisions/release/releaseRecord";
import { transition } from "../../../decisions/release/transition";
import { bake, BakeUndecided } from "../../deploy/bake";
import { routingFor } from "../../traffic/brake";
import { confirmTraffic, describeUpdates, recordValidated } from "../../rollback/executePlan";
import { describeChecks, passChecklist, readChecklist } from "../../deploy/checklist";
import { readPublished, type Context } from "../../shell/context";
import { readRecordOf, readPromotionSource } from "../../stack/releaseFacts";
import { exitCodes, Failure } from "../../shell/failure";
import { gate } from "../../deploy/gate";
import { CanarySupervisor } from "../../deploy/canarySupervisor";
import { apply } from "../../stack/apply";
import { operate } from "../../stack/operate";
import type { Operation } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { checkOverride } from "../../deploy/override";
import { timeline } from "../../shell/output";
import { readSaved } from "../../deploy/savedMonitor";
import { verifyIfChanged } from "../../database/verifySchema";
import { smokeStep } from "../../traffic/smoke";
import { autoRollback } from "../../deploy/autoRollback";
import { rollBackTo } from "../rollback/rollback";

/** Brings a version to full production; finished by running it again after a crash at any point. */
export async function run(ctx: Context): Promise<void> {
  const record = readRecordOf(ctx, ctx.options.version);
  checkOverride(ctx);
  // An older known-good version is a rollback, and that must not wait for a lease or a healing update.
  const [history, published] = await Promise.all([ctx.engine.history(), readPublished(ctx)]);
  const current = published.release ?? ctx.settings.release;
  const planned = planOf({ current, history, published }, record);
  if (planned.kind === "rollback") {
    ctx.output.say(planned.why);
    return rollBackTo(
      { ...ctx, command: "rollback" },
      isOlder(history, digest(record.image), liveDigest(current)),
    );
  }
  if (ctx.options.dryRun) return show(ctx, record, { current, history, published });
  const reason = published.refused.get(digest(record.image))?.reason;
  const good = reason === undefined ? undefined : goodInstead(current, digest(record.image));
  if (reason !== undefined && good !== undefined) return finishGoingBack(ctx, record, reason, good);
  await operate(ctx, { version: record.version }, (operation) => deploy(operation, record));
}

/**
 * Version that serves instead of a refused one, where going back from that is half way: it is in a slot, and it has traffic
 * or nothing is validated. Undefined: there is nothing to finish.
 */
export function goodInstead(current: Release, bad: string): string | undefined {
  const live = liveDigest(current);
  const idle = idleSlot(current);
  if (live !== bad && digestIn(current, idle) !== bad) return undefined;
  const isDone =
    live !== bad && current.canaryWeight === 0 && current.traffic === "open" && current.validated === live;
  return isDone ? undefined : current.slots[live === bad ? idle : current.live]?.version;
}

/** A deploy that was killed while it went back: its release stays refused, and the same command finishes the way back. */
async function finishGoingBack(
  ctx: Context,
  record: ReleaseRecord,
  reason: string,
  good: string,
): Promise<never> {
  ctx.output.warn(`${record.version} was condemned (${reason}) and going back is not finished`);
  await rollBackTo(
    { ...ctx, command: "rollback", options: { ...ctx.options, version: good, reason } },
    true,
    false,
  );
  throw new Failure(
    exitCodes.rolledBack,
    `${record.version} was not released: ${reason}. Going back to ${good} is finished now.`,
    { next: makeLine(ctx.stack, "status") },
  );
}

/** Whether `wanted` was validated here before `live` was: then going there is a way back, and what is live is bad. */
export function isOlder(history: readonly HistoryEntry[], wanted: string, live: string | undefined): boolean {
  const oldestFirst = knownGood(history, new Set()).targets.toReversed();
  const first = (digest: string | undefined) => oldestFirst.findIndex((target) => target.digest === digest);
  return first(live) < 0 || first(wanted) < first(live);
}

/** Does what is left of the deploy, the bake included. */
async function deploy(operation: Operation, record: ReleaseRecord): Promise<void> {
  const { ctx } = operation;
  const planned = planOf(operation, record);
  const saved = hasTraffic(operation.current, digest(record.image))
    ? await readSaved(ctx, digest(record.image))
    : undefined;
  if (planned.kind === "nothing" && !saved) {
    ctx.output.say(planned.why);
    ctx.output.print(planned.why);
    ctx.output.set("upCount", operation.updates.length);
    await recordValidated(operation);
    ctx.output.next(makeLine(ctx.stack, "status"));
    return;
  }
  if (planned.kind === "rollback")
    throw new Failure(exitCodes.refused, `${record.version} is an older known-good version by now.`, {
      next: makeLine(ctx.stack, "rollback", { VERSION: record.version }),
    });
  if (planned.kind === "blocked")
    throw new Failure(exitCodes.refused, planned.reasons.join("\n"), {
      ...(planned.next[0] ? { next: planned.next[0] } : {}),
    });

  const steps = planned.kind === "steps" ? planned.steps : [];
  if (steps.length > 0) await verifyIfChanged(operation);
  if (steps.length > 0)
    await ctx.output.step("checklist", async () =>
      passChecklist(ctx, await readChecklist(ctx, record, operation)),
    );
  const guard = new CanarySupervisor(operation, digest(record.image), saved);
  let isOver = false;
  try {
    for (const step of steps) await takeStep(operation, record, step, guard);
    await bakeOut(operation, record, guard);
    isOver = true;
  } catch (error) {
    isOver = !ctx.signal.aborted && !(error instanceof Failure && error.exitCode === exitCodes.held);
    throw error;
  } finally {
    await guard.end(isOver);
  }

  const summary = describeUpdates(operation);
  ctx.output.print(
    [
      `${record.version} serves all of stack ${ctx.stack} and is validated.`,
      "",
      timeline(ctx.output.steps),
      "",
      summary,
      "",
      `Commit Pulumi.${ctx.stack}.yaml: it holds the release that is applied now.`,
    ].join("\n"),
  );
  ctx.output.next(nextAfter(ctx, record));
}

/** One update with what comes before and after it. Whatever goes wrong ends with the old release in place (5). */
async function takeStep(
  operation: Operation,
  record: ReleaseRecord,
  planned: DeployStep,
  guard: CanarySupervisor,
): Promise<void> {
  const { ctx } = operation;
  try {
    await guard.watchBefore(planned);
    await guard.during(async (signal) => {
      const stoppable = { ...ctx, signal };
      if (planned.gateBefore && guard.watch) await gate(operation, guard.watch);
      if (planned.smokeBefore) await smokeStep(stoppable, operation.current, planned.smokeBefore);
      await mustBeLegal(operation, planned);
      await apply(operation, { step: planned.step, release: planned.release, reason: planned.why });
      if (planned.step === "promote") {
        const routing = routingFor(operation.current);
        await confirmTraffic(stoppable, routing, digest(record.image), "after the promotion");
      }
      if (planned.step === "promote" || planned.step === "validate")
        await smokeStep(stoppable, operation.current, undefined);
    });
    if (planned.step === "validate") await recordValidated(operation);
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    const code = error instanceof Failure ? error.exitCode : undefined;
    // Somebody else has the stack now, or nothing was begun: there is nothing that we may or must take back.
    if (code === exitCodes.held || (code === exitCodes.refused && !isExposed(operation, record))) throw error;
    await autoRollback(operation, record, error, guard.brakes);
  }
}

/** The bake, where the release was watched; ends with the old release in place (5) where this one goes bad. */
async function bakeOut(operation: Operation, record: ReleaseRecord, guard: CanarySupervisor): Promise<void> {
  const { ctx } = operation;
  try {
    await guard.watchBake();
    const { watch } = guard;
    if (watch) await guard.during(() => bake(operation, watch));
  } catch (error) {
    const isOurs = error instanceof Failure && error.exitCode === exitCodes.held;
    if (ctx.signal.aborted || isOurs || error instanceof BakeUndecided) throw error;
    await autoRollback(operation, record, error, guard.brakes);
  }
}

/** Whether a release is the canary or live; what was known of one that is neither is of an earlier try. */
const hasTraffic = (current: Release, wanted: string): boolean =>
  liveDigest(current) === wanted ||
  (current.canaryWeight > 0 && digestIn(current, idleSlot(current)) === wanted);

/** Whether the new release gets traffic under what is applied. */
const isExposed = ({ current }: Operation, record: ReleaseRecord): boolean =>
  exposedDigests(current).includes(digest(record.image));

/** The rules of transition, asked before `up` so that a refusal costs no update; writes the override where one is given. */
async function mustBeLegal(operation: Operation, { step, release }: DeployStep): Promise<void> {
  const { ctx, current } = operation;
  const { override: check, actor, reason } = ctx.options;
  const staging = await readPromotionSource(ctx);
  const judge = async () => {
    const published = await readPublished(ctx);
    return transition(published.release, release, transitionFacts(published, release, staging));
  };
  let legal = await judge();
  if (!legal.ok && check !== undefined) {
    const path = paths.evidence(ctx.stack, "override", String(release.serial));
    await ctx.parameters.put(path, JSON.stringify({ check, actor, reason, at: new Date().toISOString() }));
    legal = await judge();
  }
  if (!legal.ok)
    throw new Failure(
      exitCodes.refused,
      `The step ${step} from serial ${current.serial} is refused:\n${legal.reasons.map((line) => `  ${line}`).join("\n")}`,
      {
        details: { reasons: legal.reasons },
      },
    );
}

function planOf(from: Pick<Operation, "current" | "history" | "published">, record: ReleaseRecord) {
  const { targets } = knownGood(from.history, new Set(from.published.refused.keys()));
  return deployPlan({
    current: from.current,
    record,
    knownGood: new Set(targets.map((target) => target.digest)),
  });
}

/** DRY_RUN: checklist and steps, without lease and without change. */
async function show(
  ctx: Context,
  record: ReleaseRecord,
  from: Pick<Operation, "current" | "history" | "published">,
): Promise<void> {
  const planned = planOf(from, record);
  const checks = await readChecklist(ctx, record, from);
  ctx.output.set("checklist", checks);
  ctx.output.set("plan", planned);
  const lines =
    planned.kind === "steps"
      ? planned.steps.map(
          ({ step, release, why }, index) => `${index + 1}. ${step} (serial ${release.serial}): ${why}`,
        )
      : [planned.kind === "blocked" ? planned.reasons.join("\n") : planned.why];
  ctx.output.print([describeChecks(checks), "", ...lines].join("\n"));
  ctx.output.next(makeLine(ctx.stack, "deploy", { VERSION: record.version }));
}

/** The next stack takes what this one validated; the last one is done. */
const nextAfter = (ctx: Context, record: ReleaseRecord): string =>
  ctx.settings.promotedFrom === undefined && ctx.stack !== "prod"
    ? makeLine("prod", "deploy", { VERSION: record.version })
    : makeLine(ctx.stack, "status");
