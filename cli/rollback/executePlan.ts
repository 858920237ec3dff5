import type { Release, WrittenFlags, WrittenSizing } from "../../decisions/stack/config";
import { parameters as paths, type Slot } from "../../decisions/stack/names";
import type { Step } from "../../decisions/release/transition";
import { hex, liveDigest } from "../../decisions/release/digest";
import { routingFor, type BrakeHandle } from "../traffic/brake";
import type { Context } from "../shell/context";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import { apply } from "../stack/apply";
import type { Operation } from "../stack/operation";
import { sameRouting, type Routing } from "../ports/loadBalancer";
import { smokeStep } from "../traffic/smoke";
import { verifyTraffic, type Wanted } from "../traffic/verifyTraffic";

/** A step as a plan gives it. */
export interface PlannedUpdate {
  step: Step;
  release: Release;
  flags?: WrittenFlags;
  sizing?: WrittenSizing;
  /** Slot whose smoke must have passed before the update. */
  smokeBefore?: Slot;
  /** Slot to smoke after the update. */
  smoke?: Slot;
  why: string;
}

/**
 * The updates of a way back, in order. The brake holds the rule until the first of them has ended; the kill switch goes
 * once nothing is validated any more and no downgrade is left, before the smoke tests that need the workers.
 */
export async function executePlan(
  operation: Operation,
  steps: readonly PlannedUpdate[],
  running: { brake?: BrakeHandle },
): Promise<void> {
  const { ctx } = operation;
  const downgradeFrom = (index: number) => steps.slice(index).some(({ step }) => step === "downgrade");
  for (const [index, step] of steps.entries()) {
    if (!running.brake && operation.current.validated === undefined)
      await clearKillSwitch(operation, downgradeFrom(index));
    if (step.smokeBefore) await smokeStep(ctx, operation.current, step.smokeBefore);
    if (step.release.traffic === "paused") running.brake?.pause();
    await apply(operation, { ...step, reason: step.why, isRollback: true });
    await letGo(ctx, step.release, running);
    if (step.smoke) {
      await clearKillSwitch(operation, downgradeFrom(index + 1));
      await smokeStep(ctx, step.release, step.smoke);
    }
    if (step.release.validated !== undefined) await recordValidated(operation);
  }
  await letGo(ctx, operation.current, running);
  await clearKillSwitch(operation, false);
}

/** Ends the brake once an update has made the rule its own, and sees to it that the rule says what the update said. */
async function letGo(ctx: Context, release: Release, running: { brake?: BrakeHandle }): Promise<void> {
  if (!running.brake) return;
  await running.brake.handBack();
  delete running.brake;
  const route = await ctx.loadBalancer.route(ctx.signal);
  if (route) await ctx.loadBalancer.set(route, routingFor(release), ctx.signal);
}

/** Takes the kill switch away, unless the database has yet to go back. */
async function clearKillSwitch({ ctx }: Operation, downgradeLeft: boolean): Promise<void> {
  if (!downgradeLeft) await ctx.parameters.remove(paths.killSwitch(ctx.stack));
}

/** Writes down that the live digest passed its validation here: from now on it may be gone back to. */
export async function recordValidated({ ctx, current }: Pick<Operation, "ctx" | "current">): Promise<void> {
  const live = liveDigest(current);
  if (live !== undefined && current.validated === live)
    await recordKnownGood(ctx, live, current.slots[current.live]?.version ?? "", current.serial);
}

/** Evidence that a digest is known good here; the program admits a switch only to a digest that has it. */
export async function recordKnownGood(
  ctx: Context,
  digest: string,
  version: string,
  serial: number,
): Promise<void> {
  const evidence = { digest, version, serial, at: new Date().toISOString() };
  await ctx.parameters.put(paths.evidence(ctx.stack, "validated", hex(digest)), JSON.stringify(evidence));
}

/** {@link confirmTraffic} right after the brake: what it finds is said, but the way back goes on either way. */
export async function confirmBrake(ctx: Context, routing: Routing, digest: string): Promise<void> {
  try {
    await confirmTraffic(ctx, routing, digest, "after the brake");
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.output.warn(messageOf(error));
  }
}

/** Verifies by requests that only what should answer does; throws rollback failed (6). */
export async function confirmTraffic(
  ctx: Context,
  routing: Routing,
  digest: string,
  when: string,
): Promise<void> {
  const wanted: Wanted = sameRouting(routing, { traffic: "paused" }) ? { paused: true } : { digest };
  await ctx.output.step(`verify by requests, ${when}`, async (entry) => {
    const result = await verifyTraffic(ctx, wanted);
    Object.assign(entry, result);
    if (!result.verified)
      throw new Failure(
        exitCodes.rollbackFailed,
        `Requests are still answered by something else than ${"digest" in wanted ? wanted.digest : "the pause"}: ${JSON.stringify(result.seen)}.`,
      );
  });
}

/** Every `up` of an operation with the resources that it changed, for people; the JSON report gets them too. */
export function describeUpdates(operation: Operation): string {
  const { ctx, updates } = operation;
  ctx.output.set("upCount", updates.length);
  ctx.output.set("updates", updates);
  return updates
    .flatMap((update) => [
      `${update.step}, serial ${update.serial}: ${update.changed.length} resources changed`,
      ...update.changed.map((resource) => `  ${resource.operation} ${resource.type} ${resource.name}`),
    ])
    .join("\n");
}
