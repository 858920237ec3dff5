import { parameters as paths, slots } from "../../decisions/stack/names";
import {
  rollbackRules,
  type RollbackIntent,
  type RollbackRules,
} from "../../decisions/rollback/rollbackIntent";
import { describeRouting, routingFor } from "../../decisions/traffic/routing";
import { abortMigrations } from "../database/abortMigrations";
import { databaseUnreachable } from "../database/databaseUnreachable";
import { dataLossIn } from "../database/dataLoss";
import { verifyBeforeRollback } from "../database/verifySchema";
import {
  digestBeingReplaced,
  withRollbackIncident,
  type RollbackIncident,
} from "../incident/rollbackIncident";
import { recordKnownGood } from "../release/knownGood";
import type { Context } from "../shell/context";
import { exitCodes, Failure, failureFrom } from "../shell/failure";
import { makeLine } from "../shell/options";
import { timeline } from "../shell/output";
import { operate } from "../stack/operate";
import { describeUpdates, type Operation } from "../stack/operation";
import { Overtaken } from "../stack/stackLock";
import { readStanding } from "../stack/standing";
import { BrakeHandle } from "../traffic/brake";
import { confirmBrake, confirmTraffic } from "../traffic/confirmTraffic";
import { smokeStep } from "../traffic/smoke";
import { executePlan } from "./executePlan";
import { describeDiff } from "./planText";
import { planRollback, type RollbackTarget, type SoundPlan } from "./planRollback";
import { readQuickOrder } from "./quickBrake";

/** What {@link rollBack} is to do. */
export interface RollbackRequest {
  intent: RollbackIntent;
  target: RollbackTarget;
  /** Why; becomes part of the refusal and of the incident. Default: `rollback to <version>`. */
  reason?: string | undefined;
}

/** A rollback under way. */
interface Rollback {
  ctx: Context;
  request: RollbackRequest;
  rules: RollbackRules;
  brake: BrakeHandle;
  incident: RollbackIncident;
}

/** Seconds to wait, with the brake on, for an update that somebody runs without a lease. */
const lockPatience = 120;

/**
 * Takes the whole release back: brake, plan, updates, smoke. Safe to run again after a crash at any point: the plan is
 * made from what is applied by then, and what is done already is not in it any more.
 */
export function rollBack(ctx: Context, request: RollbackRequest): Promise<void> {
  const rules = rollbackRules[request.intent];
  const brake = new BrakeHandle(ctx);
  return withRollbackIncident(ctx, async (incident) => {
    const rollback = { ctx, request, rules, brake, incident };
    try {
      await brakeAtOnce(rollback);
      await underLease(rollback);
    } catch (error) {
      throw ctx.signal.aborted ? error : unfinished(rollback, error);
    } finally {
      await brake.handBack();
    }
    ctx.output.next(makeLine(ctx.stack, "status"));
  });
}

/** Brakes before the lease: by two reads where that is possible, then by the plan. */
async function brakeAtOnce(rollback: Rollback): Promise<void> {
  const { ctx, request, rules, brake } = rollback;
  const { version } = request.target;
  const order =
    version !== undefined && rules.replacesBad
      ? await readQuickOrder(ctx, version, reasonOf(request, version))
      : undefined;
  if (order) await brake.engage(order);
  // Planned before the lease is taken: a target that does not exist must not end somebody's deploy.
  await brakeByPlan(rollback, planRollback(await readStanding(ctx), request.target));
}

/** Brakes as the plan says, unless the brake does that already. */
async function brakeByPlan({ request, rules, brake }: Rollback, planned: SoundPlan): Promise<void> {
  const { target, brake: wanted } = planned;
  const pause = takesDatabaseDown(planned);
  const isDone = brake.isOn && (!pause || brake.routing?.traffic === "paused");
  if (!wanted || !rules.replacesBad || isDone) return;
  await brake.engage({
    good: wanted.good,
    goodDigest: target.digest,
    badDigests: wanted.badDigests,
    stopWorkers: pause ? [...slots] : wanted.bad ? [wanted.bad] : [],
    reason: reasonOf(request, target.version),
    pause,
  });
}

/** Plans and does it under the lease; once more where another update came between, for then what is left is something else. */
async function underLease(rollback: Rollback): Promise<void> {
  const { ctx, request, rules } = rollback;
  const once = () =>
    operate(
      ctx,
      {
        name: "rollback",
        version: request.target.version,
        interrupts: rules.endsOthers,
        heal: !rules.replacesBad,
        lockPatience,
      },
      (operation) => planAndExecute(rollback, operation),
    );
  try {
    await once();
  } catch (error) {
    if (!(error instanceof Overtaken)) throw error;
    ctx.output.warn("another update came between; planning anew");
    await once();
  }
}

/** Plans and does it, from whatever is applied now. */
async function planAndExecute(rollback: Rollback, operation: Operation): Promise<void> {
  const { ctx, request, rules, incident } = rollback;
  const planned = planRollback(operation, request.target);
  const { target, steps } = planned;
  for (const note of planned.notes) ctx.output.say(note);
  ctx.output.set("target", { name: target.name, version: target.version, digest: target.digest });
  ctx.output.set("diff", planned.diff);
  if (steps.length === 0) ctx.output.say(`stack ${ctx.stack} is at ${target.version} already`);

  // A deploy that was killed between its last update and this write leaves it out; history proves it.
  if (!operation.published.validated.has(target.digest))
    await recordKnownGood(ctx, target.digest, target.version, target.settings.release.serial);

  await brakeByPlan(rollback, planned);
  const bad = digestBeingReplaced(operation.current, target.digest);
  if (rules.replacesBad && steps.length > 0 && bad !== undefined)
    incident.open({ operation, bad, decidedBy: "person", reason: reasonOf(request, target.version) });
  try {
    await execute(rollback, operation, planned);
  } catch (error) {
    if (error instanceof Overtaken || (error instanceof Failure && error.exitCode === exitCodes.held))
      throw error;
    throw await explained(rollback, error);
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

/** The plan's updates, with what is verified before and after them. */
async function execute(rollback: Rollback, operation: Operation, planned: SoundPlan): Promise<void> {
  const { ctx, brake, request } = rollback;
  const { target, steps } = planned;
  const { digest } = target;
  const { routing } = brake;
  const isMeant = routing && (takesDatabaseDown(planned) || routing.traffic === "open");
  await Promise.all([abortMigrations(ctx), isMeant && confirmBrake(ctx, routing, digest)]);
  await verifyBeforeRollback(operation, steps);
  const loaded = steps.findIndex(({ step }) => step === "load") + 1;
  if (loaded > 0) {
    await executePlan(operation, steps.slice(0, loaded), brake);
    // Before that, no slot could have taken the traffic.
    await brakeByPlan(rollback, planRollback(operation, request.target));
  }
  await executePlan(operation, steps.slice(loaded), brake);
  await confirmTraffic(ctx, { routing: routingFor(operation.current), digest, after: "rollback" });
  await smokeStep(ctx, operation.current, undefined);
  // What a deploy knew of the release that left.
  await ctx.parameters.remove(paths.gate(ctx.stack));
}

const takesDatabaseDown = ({ steps }: SoundPlan): boolean => steps.some(({ step }) => step === "downgrade");

const reasonOf = ({ reason }: RollbackRequest, version: string): string => reason ?? `rollback to ${version}`;

/** Rollback failed (6), with what a person must know: rows that would be lost, or a database that is away. */
async function explained({ ctx, request }: Rollback, error: unknown): Promise<Failure> {
  const { message, more } = failureFrom(error, "The rollback is not finished", exitCodes.rollbackFailed);
  const loss = dataLossIn(error);
  if (loss === undefined)
    return new Failure(exitCodes.rollbackFailed, message + (await databaseUnreachable(ctx)), more);
  const { version, update } = request.target;
  return new Failure(
    exitCodes.rollbackFailed,
    `${message} The database is as it was, and traffic stays paused. If these rows may be lost, say so (LOSS=, with an approval); else DATABASE=keep, or \`make restore TO=<time>\`.`,
    {
      ...more,
      next: makeLine(ctx.stack, "rollback", {
        VERSION: version,
        UPDATE: update,
        DATABASE: "downgrade",
        LOSS: loss,
      }),
      details: { loss },
    },
  );
}

/** The failure that the command ends with: what the brake does until then, and what is to be typed next. */
function unfinished({ ctx, request, brake }: Rollback, error: unknown): Failure {
  const failure =
    error instanceof Failure
      ? error
      : failureFrom(error, "The rollback is not finished", exitCodes.rollbackFailed);
  const state = brake.routing
    ? ` The brake is on: ${describeRouting(brake.routing)}; config does not agree with it yet.`
    : "";
  return new Failure(failure.exitCode, failure.message + state, {
    ...failure.more,
    next: failure.more.next ?? nextAfter(failure, ctx, request.target),
  });
}

function nextAfter(failure: Failure, { stack, options }: Context, target: RollbackTarget): string {
  const isNothingBegun = failure.exitCode === exitCodes.usage || failure.exitCode === exitCodes.configInvalid;
  return isNothingBegun
    ? makeLine(stack, "status")
    : makeLine(stack, "rollback", {
        VERSION: target.version,
        UPDATE: target.update,
        DATABASE: options.database === "auto" ? undefined : options.database,
      });
}
