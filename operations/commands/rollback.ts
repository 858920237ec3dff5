import { digestIn } from "../../decisions/digest";
import { knownGood } from "../../decisions/history";
import { other, slots, type Slot } from "../../decisions/names";
import type { Published } from "../../decisions/parameters";
import { plan as makePlan, type Plan } from "../../decisions/plan";
import { readReleases } from "../../records/releases";
import { brake, routingFor, type Brake, type BrakeOrder } from "../brake";
import { readPublished, type Context } from "../context";
import { carryOut, confirmBrake, confirmTraffic, describeUpdates } from "../carryOut";
import { exitCodes, Failure, failureFrom, messageOf } from "../failure";
import { operate, type Operation } from "../operation";
import { makeLine } from "../options";
import { describeDiff, describePlan } from "../planText";
import { describeRouting, type Routing } from "../ports/loadBalancer";
import { timeline } from "../report";
import { smokeStep } from "../smoke";

/** Seconds that the pods of an ended migration may take to go. */
const migrationPatience = 15;

type Planned = Extract<Plan, { ok: true }>;

/**
 * Takes the whole release back: brake, plan, updates, smoke. Safe to run again after a crash at any point: the plan is
 * made from what is applied by then, and what is done already is not in it any more.
 */
export async function run(ctx: Context): Promise<void> {
  const { options, report, stack } = ctx;
  const { version, update } = options;
  if (version === undefined && update === undefined) throw await missingTarget(ctx);
  if (options.dryRun) return show(ctx);

  const order = version === undefined ? undefined : await quickBrake(ctx, version);
  const running: Running = {};
  if (order) running.brake = await brake(ctx, order);
  try {
    const own = { ...(version ? { version } : {}), interrupts: true, heal: false };
    await operate(ctx, own, (operation) => rollBack(operation, running));
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
      next: failure.more.next ?? makeLine(stack, "rollback", { VERSION: version, UPDATE: update }),
    });
  } finally {
    await running.brake?.release();
  }
  report.next(makeLine(stack, "status"));
}

/** The brake, if it is on already. */
export interface Running {
  brake?: Brake;
}

/** Plans and does it, from whatever is applied now. */
async function rollBack(operation: Operation, running: Running): Promise<void> {
  const { ctx } = operation;
  const planned = planFrom(operation);
  const { target, steps } = planned;
  for (const note of planned.notes) ctx.report.say(note);
  ctx.report.set("target", { name: target.name, version: target.version, digest: target.digest });
  ctx.report.set("diff", planned.diff);
  if (steps.length === 0) ctx.report.say(`stack ${ctx.stack} is at ${target.version} already`);

  const goesBack = steps.some(({ step }) => step === "downgrade");
  if (planned.brake && (!running.brake || goesBack)) {
    await running.brake?.release();
    running.brake = await brake(ctx, {
      good: planned.brake.good,
      goodDigest: target.digest,
      badDigests: planned.brake.badDigests,
      stopWorkers: goesBack ? [...slots] : planned.brake.bad ? [planned.brake.bad] : [],
      reason: reasonOf(ctx, target.version),
      pause: goesBack,
    });
  }
  try {
    const shown = running.brake?.routing;
    const isMeant = shown && (goesBack || shown.traffic === "open");
    await Promise.all([endMigrations(ctx), ...(isMeant ? [confirmBrake(ctx, shown, target.digest)] : [])]);
    await carryOut(operation, steps, running);
    await confirmTraffic(ctx, routingFor(operation.current), target.digest, "at the end");
    await smokeStep(ctx, operation.current, undefined);
  } catch (error) {
    if (error instanceof Failure && error.exitCode === exitCodes.held) throw error;
    const { message, more } = failureFrom(error, "The rollback is not finished", exitCodes.rollbackFailed);
    throw new Failure(exitCodes.rollbackFailed, message, more);
  }
  ctx.report.set("restoredUpdate", target.name);
  ctx.report.print(
    [
      `Stack ${ctx.stack} is back at ${target.version} (${target.name}).`,
      "",
      timeline(ctx.report.steps),
      "",
      describeDiff(planned.diff),
      "",
      describeUpdates(operation),
      "",
      `Commit Pulumi.${ctx.stack}.yaml: it holds the release that is applied now.`,
    ].join("\n"),
  );
}

function planFrom(from: Pick<Operation, "ctx" | "current" | "history" | "published">): Planned {
  const { ctx, current, history, published } = from;
  const { version, update, database } = ctx.options;
  const plan = makePlan({
    history,
    settings: ctx.settings,
    current,
    refused: new Set(published.refused.keys()),
    target: { ...(version ? { version } : {}), ...(update ? { update } : {}) },
    database,
    releases: readReleases(ctx.root).records,
  });
  if (!plan.ok) throw new Failure(plan.code, plan.reasons.join("\n"), { details: { reasons: plan.reasons } });
  return plan;
}

/** A migration that runs on would change the schema under the release that comes back. */
async function endMigrations(ctx: Context): Promise<void> {
  try {
    for (const name of await ctx.cluster.endMigrations(migrationPatience, ctx.signal))
      ctx.report.warn(`ended the migration Job ${name}`);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.report.warn(`running migration Jobs could not be looked for: ${messageOf(error)}`);
  }
}

/** DRY_RUN: the plan and the diff, without lease and without change. */
async function show(ctx: Context): Promise<void> {
  const [history, published] = await Promise.all([ctx.engine.history(), readPublished(ctx)]);
  const current = published.release ?? ctx.settings.release;
  const planned = planFrom({ ctx, history, published, current });
  ctx.report.set(
    "plan",
    planned.steps.map(({ step, why, release }) => ({ step, why, serial: release.serial })),
  );
  ctx.report.set("target", {
    name: planned.target.name,
    version: planned.target.version,
    digest: planned.target.digest,
  });
  ctx.report.set("diff", planned.diff);
  ctx.report.print([describePlan(planned), "", describeDiff(planned.diff)].join("\n"));
  ctx.report.next(
    makeLine(ctx.stack, "rollback", { VERSION: ctx.options.version, UPDATE: ctx.options.update }),
  );
}

/**
 * Whether the brake may act before anything is planned: a slot holds the version, its digest was validated here and is
 * not refused, and traffic is not all there yet. Decided from two reads, so that traffic moves within a second or two.
 */
async function quickBrake(ctx: Context, version: string): Promise<BrakeOrder | undefined> {
  const [published, route] = await Promise.all([
    readPublished(ctx).catch(() => undefined),
    ctx.loadBalancer.route(ctx.signal),
  ]);
  if (!route || !published?.release) return undefined;
  return brakeOrder(published, route.routing, version, reasonOf(ctx, version));
}

/** Pure part of {@link quickBrake}. */
export function brakeOrder(
  published: Published,
  routing: Routing,
  version: string,
  reason: string,
): BrakeOrder | undefined {
  const { release } = published;
  if (!release) return undefined;
  const fits = (slot: Slot) => {
    const held = digestIn(release, slot);
    return (
      release.slots[slot]?.version === version &&
      held !== undefined &&
      published.validated.has(held) &&
      !published.refused.has(held)
    );
  };
  const good = [release.live, other(release.live)].find(fits);
  if (!good || routing.traffic === "paused") return undefined;
  const bad = other(good);
  const goodDigest = digestIn(release, good);
  const badDigest = digestIn(release, bad);
  if (!goodDigest || routing.weights[bad] === 0) return undefined;
  // The database must go with it: only the plan knows how, and traffic has to pause meanwhile. Going first to the
  // old code is still right, because a revision that the old code cannot run on is refused as a release.
  return {
    good,
    goodDigest,
    badDigests: badDigest && badDigest !== goodDigest ? [badDigest] : [],
    stopWorkers: [bad],
    reason,
  };
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
