import { digestIn } from "../../../decisions/release/digest";
import { knownGood } from "../../../decisions/stack/history";
import { other, parameters as paths, slots } from "../../../decisions/stack/names";
import type { Published } from "../../../decisions/stack/parameters";
import { rollbackPlan as makePlan, type RollbackPlan } from "../../../decisions/rollback/rollbackPlan";
import { schemaPlan } from "../../../decisions/database/schemaPlan";
import { readRevisionsBetween } from "../../../repository/database/revisionsBetween";
import { readReleases } from "../../../repository/release/releases";
import { brake, brakeOrder, routingFor, type BrakeHandle, type BrakeOrder } from "../../traffic/brake";
import { readPublished, type Context } from "../../shell/context";
import {
  executePlan,
  confirmBrake,
  confirmTraffic,
  describeUpdates,
  recordKnownGood,
} from "../../rollback/executePlan";
import { databaseUnreachable } from "../../database/databaseUnreachable";
import { exitCodes, Failure, failureFrom } from "../../shell/failure";
import { dataLossIn } from "../../database/dataLoss";
import { abortMigrations } from "../../database/abortMigrations";
import { operate } from "../../stack/operate";
import type { Operation } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { describeDiff, describePlan } from "../../rollback/planText";
import { describeRouting, type Routing } from "../../ports/loadBalancer";
import { timeline } from "../../shell/output";
import { verifyBeforeRollback } from "../../database/verifySchema";
import { smokeStep } from "../../traffic/smoke";
import { Overtaken } from "../../stack/stackLock";
import { openRollbackIncident, digestBeingReplaced } from "../../incident/rollbackIncident";

type Planned = Extract<RollbackPlan, { ok: true }>;

/**
 * Takes the whole release back: brake, plan, updates, smoke. Safe to run again after a crash at any point: the plan is
 * made from what is applied by then, and what is done already is not in it any more.
 */
export async function run(ctx: Context): Promise<void> {
  await rollBackTo(ctx, true);
}

/**
 * {@link run}; without `refuse` the release that leaves is not refused and nothing is braked: a way forward to a version
 * that was live before, of which nothing says that what is live now is bad. `interrupts`: may end a living deploy.
 */
export async function rollBackTo(ctx: Context, refuse: boolean, interrupts = refuse): Promise<void> {
  const { options, output, stack } = ctx;
  const { version, update } = options;
  if (version === undefined && update === undefined) throw await missingTarget(ctx);
  if (options.dryRun) return show(ctx);

  const running: Running = {};
  try {
    const order = version === undefined || !refuse ? undefined : await quickBrake(ctx, version);
    if (order) running.brake = await brake(ctx, order);
    // Planned once before the lease is taken: a target that does not exist must not end somebody's deploy.
    await brakeFor(ctx, planFrom(await look(ctx)), running, refuse);
    await operateUntilDone(ctx, running, refuse, interrupts);
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    const failure =
      error instanceof Failure
        ? error
        : failureFrom(error, "The rollback is not finished", exitCodes.rollbackFailed);
    const state = running.brake
      ? ` The brake is on: ${describeRouting(running.brake.routing)}; config does not agree with it yet.`
      : "";
    throw new Failure(failure.exitCode, failure.message + state, {
      ...failure.more,
      next: failure.more.next ?? nextAfter(failure, ctx),
    });
  } finally {
    await running.brake?.handBack();
  }
  output.next(makeLine(stack, "status"));
}

/** Seconds to wait, with the brake on, for an update that somebody runs without a lease. */
const lockPatience = 120;

/** Plans and does it under the lease; once more where another update came between, for then what is left is something else. */
async function operateUntilDone(
  ctx: Context,
  running: Running,
  refuse: boolean,
  interrupts: boolean,
): Promise<void> {
  const { version } = ctx.options;
  const own = { ...(version ? { version } : {}), interrupts, heal: !refuse, lockPatience };
  const once = () => operate(ctx, own, (operation) => rollBack(operation, running, refuse));
  try {
    await once();
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error;
    ctx.output.warn("another update came between; planning anew");
    await once();
  }
}

/** The brake, if it is on already. */
export interface Running {
  brake?: BrakeHandle;
}

/** Plans and does it, from whatever is applied now. */
async function rollBack(operation: Operation, running: Running, refuse: boolean): Promise<void> {
  const { ctx } = operation;
  const planned = planFrom(operation);
  const { target, steps } = planned;
  for (const note of planned.notes) ctx.output.say(note);
  ctx.output.set("target", { name: target.name, version: target.version, digest: target.digest });
  ctx.output.set("diff", planned.diff);
  if (steps.length === 0) ctx.output.say(`stack ${ctx.stack} is at ${target.version} already`);

  // A deploy that was killed between its last update and this write leaves it out; history proves it.
  if (!operation.published.validated.has(target.digest))
    await recordKnownGood(ctx, target.digest, target.version, target.settings.release.serial);

  await brakeFor(ctx, planned, running, refuse);
  const bad = digestBeingReplaced(operation.current, target.digest);
  if (refuse && steps.length > 0 && bad !== undefined)
    openRollbackIncident(ctx, { operation, bad, byItself: false, reason: reasonOf(ctx, target.version) });
  try {
    const shown = running.brake?.routing;
    const isMeant = shown && (goesBack(planned) || shown.traffic === "open");
    await Promise.all([abortMigrations(ctx), ...(isMeant ? [confirmBrake(ctx, shown, target.digest)] : [])]);
    await verifyBeforeRollback(operation, steps);
    await executePlan(operation, steps, running);
    await confirmTraffic(ctx, routingFor(operation.current), target.digest, "at the end");
    await smokeStep(ctx, operation.current, undefined);
    // What a deploy knew of the release that left.
    await ctx.parameters.remove(paths.gate(ctx.stack));
  } catch (error) {
    if (error instanceof Overtaken || (error instanceof Failure && error.exitCode === exitCodes.held))
      throw error;
    const { message, more } = failureFrom(error, "The rollback is not finished", exitCodes.rollbackFailed);
    const loss = dataLossIn(error);
    if (loss === undefined)
      throw new Failure(exitCodes.rollbackFailed, message + (await databaseUnreachable(ctx)), more);
    const line = {
      VERSION: ctx.options.version,
      UPDATE: ctx.options.update,
      DATABASE: "downgrade",
      LOSS: loss,
    };
    throw new Failure(
      exitCodes.rollbackFailed,
      `${message} The database is as it was, and traffic stays paused. If these rows may be lost, say so (LOSS=, with an approval); else DATABASE=keep, or \`make restore TO=<time>\`.`,
      { ...more, next: makeLine(ctx.stack, "rollback", line), details: { loss } },
    );
  }
  ctx.output.set("restoredUpdate", target.name);
  ctx.output.print(
    [
      `Stack ${ctx.stack} is back at ${target.version} (${target.name}).`,
      "",
      timeline(ctx.output.steps),
      "",
      describeDiff(planned.diff),
      "",
      describeUpdates(operation),
      "",
      `Commit Pulumi.${ctx.stack}.yaml: it holds the release that is applied now.`,
    ].join("\n"),
  );
}

/** Whether the database is taken down on the way. */
const goesBack = ({ steps }: Planned): boolean => steps.some(({ step }) => step === "downgrade");

/** Brakes as the plan says, unless the brake does that already. */
async function brakeFor(ctx: Context, planned: Planned, running: Running, refuse: boolean): Promise<void> {
  const { target, brake: wanted } = planned;
  const pause = goesBack(planned);
  const isOn = running.brake !== undefined && (!pause || running.brake.routing.traffic === "paused");
  if (!wanted || !refuse || isOn) return;
  await running.brake?.handBack();
  running.brake = await brake(ctx, {
    good: wanted.good,
    goodDigest: target.digest,
    badDigests: wanted.badDigests,
    stopWorkers: pause ? [...slots] : wanted.bad ? [wanted.bad] : [],
    reason: reasonOf(ctx, target.version),
    pause,
  });
}

/** What is to be typed after a rollback that did not end well. */
function nextAfter(failure: Failure, { stack, options }: Context): string {
  const isNothingBegun = failure.exitCode === exitCodes.usage || failure.exitCode === exitCodes.configInvalid;
  return isNothingBegun
    ? makeLine(stack, "status")
    : makeLine(stack, "rollback", {
        VERSION: options.version,
        UPDATE: options.update,
        ...(options.database === "auto" ? {} : { DATABASE: options.database }),
      });
}

/** Where the stack stands, read without the lease. */
async function look(ctx: Context): Promise<Pick<Operation, "ctx" | "current" | "history" | "published">> {
  const [history, published] = await Promise.all([ctx.engine.history(), readPublished(ctx)]);
  return { ctx, history, published, current: published.release ?? ctx.settings.release };
}

function planFrom(from: Pick<Operation, "ctx" | "current" | "history" | "published">): Planned {
  const { ctx, current, history, published } = from;
  const { version, update, database, loss } = ctx.options;
  const plan = makePlan({
    history,
    settings: ctx.settings,
    current,
    refused: new Set(published.refused.keys()),
    target: { ...(version ? { version } : {}), ...(update ? { update } : {}) },
    database,
    between: (to, at) => readRevisionsBetween(ctx.root, ctx.settings, to, at),
    loss,
    releases: readReleases(ctx.root).records,
  });
  if (!plan.ok)
    throw new Failure(plan.code, plan.reasons.join("\n"), {
      details: { reasons: plan.reasons },
      ...(plan.next && { next: plan.next }),
    });
  return plan;
}

/** DRY_RUN: the plan and the diff, without lease and without change. */
async function show(ctx: Context): Promise<void> {
  const planned = planFrom(await look(ctx));
  ctx.output.set(
    "plan",
    planned.steps.map(({ step, why, release }) => ({ step, why, serial: release.serial })),
  );
  ctx.output.set("target", {
    name: planned.target.name,
    version: planned.target.version,
    digest: planned.target.digest,
  });
  ctx.output.set("diff", planned.diff);
  ctx.output.print([describePlan(planned), "", describeDiff(planned.diff)].join("\n"));
  ctx.output.next(
    makeLine(ctx.stack, "rollback", { VERSION: ctx.options.version, UPDATE: ctx.options.update }),
  );
}

/**
 * Whether the brake may act before anything is planned: a slot holds the version, its digest was validated here and is
 * not refused, and traffic is not all there yet. Two reads decide it, so that traffic moves within a second or two; only
 * where the database is at another revision than the slot's code needs does history say whether that is proved to work.
 */
async function quickBrake(ctx: Context, version: string): Promise<BrakeOrder | undefined> {
  const [published, route] = await Promise.all([
    readPublished(ctx).catch(() => undefined),
    ctx.loadBalancer.route(ctx.signal),
  ]);
  if (!route || !published?.release) return undefined;
  const order = quickOrder(published, route.routing, version, reasonOf(ctx, version));
  const target = order && published.release.slots[order.good];
  const at = published.release.migration?.revision;
  if (!target || target.revision === at) return order;
  const { way } = schemaPlan({
    target,
    at,
    asked: ctx.options.database,
    loss: ctx.options.loss,
    history: await ctx.engine.history(),
    between: (to, from) => readRevisionsBetween(ctx.root, ctx.settings, to, from),
  });
  if (way === "down") return { ...order, stopWorkers: [...slots], pause: true };
  return way === "none" || way === "keep" ? order : undefined;
}

/** Pure part of {@link quickBrake}. */
export function quickOrder(
  { release, validated, refused }: Pick<Published, "release" | "validated" | "refused">,
  routing: Routing,
  version: string,
  reason: string,
): BrakeOrder | undefined {
  if (!release || routing.traffic === "paused") return undefined;
  for (const good of [release.live, other(release.live)]) {
    const goodDigest = digestIn(release, good);
    if (release.slots[good]?.version !== version || goodDigest === undefined) continue;
    if (!validated.has(goodDigest) || refused.has(goodDigest)) continue;
    if (routing.weights[other(good)] === 0) return undefined;
    return brakeOrder(release, good, goodDigest, reason, true);
  }
  return undefined;
}

const reasonOf = (ctx: Context, version: string): string => ctx.options.reason ?? `rollback to ${version}`;

/** VERSION= is missing: says what there is to go back to, as far as that can be read. */
async function missingTarget(ctx: Context): Promise<Failure> {
  const found = await Promise.all([ctx.engine.history(), readPublished(ctx)]).catch(() => undefined);
  const targets = found ? knownGood(found[0], new Set(found[1].refused.keys())).targets : [];
  const known = targets.map((target) => `${target.version} (${target.name})`).join(", ");
  return new Failure(
    exitCodes.usage,
    `VERSION (or UPDATE) is missing. Known-good targets: ${found ? known || "none yet" : "could not be read"}. Nothing was changed.`,
    { next: makeLine(ctx.stack, "rollback", { VERSION: (targets[1] ?? targets[0])?.version ?? "<tag>" }) },
  );
}
