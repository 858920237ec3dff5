import { digest, digestIn } from "../../decisions/release/digest";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import { releaseAfter } from "../../decisions/release/nextRelease";
import { other, type Slot } from "../../decisions/stack/names";
import { brakeOrder } from "../../decisions/traffic/brakeOrder";
import { routingFor } from "../../decisions/traffic/routing";
import { databaseUnreachable } from "../database/databaseUnreachable";
import type { RollbackIncident } from "../incident/rollbackIncident";
import type { PlannedUpdate } from "../../decisions/release/plannedUpdate";
import { executePlan } from "../rollback/executePlan";
import { exitCodes, Failure, failureFrom, messageOf } from "../shell/failure";
import { makeLine } from "../shell/options";
import { apply, heal } from "../stack/apply";
import { describeUpdates, type Operation } from "../stack/operation";
import type { BrakeHandle } from "../traffic/brake";
import { confirmBrake, confirmTraffic } from "../traffic/confirmTraffic";
import { CanaryRejected } from "./canaryRejected";

/** A release that was not released: what was before it serves again. */
export interface RolledBack {
  kind: "rolled-back";
  /** What failed and what became of it, for people. */
  message: string;
  /** What failed, for the JSON report. */
  details?: Record<string, unknown> | undefined;
  cause?: unknown;
}

/** What {@link autoRollback} works with. */
export interface FailedRelease {
  operation: Operation;
  record: ReleaseRecord;
  /** The command's brake, which may be on already. */
  brake: BrakeHandle;
  incident: RollbackIncident;
}

/**
 * Back to the release before: brake and revert where the new one has traffic, else what was applied last once more.
 * @throws rollback failed (6) where going back failed.
 */
export async function autoRollback(failed: FailedRelease, cause: unknown): Promise<RolledBack> {
  const { operation, record, incident } = failed;
  const { ctx } = operation;
  const reason = messageOf(cause);
  ctx.output.warn(`${record.version} failed: ${reason}`);
  const { version } = record;
  incident.open({ operation, bad: digest(record.image), version, decidedBy: "check", reason });
  try {
    await revert(failed, cause);
  } catch (error) {
    const failure = failureFrom(error, `${reason}\nand going back failed`, exitCodes.rollbackFailed);
    throw new Failure(exitCodes.rollbackFailed, failure.message + (await databaseUnreachable(ctx)), {
      next: makeLine(ctx.stack, "rollback", { VERSION: goodVersion(operation, record) ?? "<tag>" }),
      cause: error,
    });
  }
  describeUpdates(operation);
  return {
    kind: "rolled-back",
    message: `${version} was not released and is rolled back: ${reason}`,
    details: cause instanceof Failure ? cause.more.details : undefined,
    cause,
  };
}

/** Version of the slot that does not hold the record. */
function goodVersion({ current }: Operation, record: ReleaseRecord): string | undefined {
  return [current.live, other(current.live)]
    .map((slot) => current.slots[slot]?.version)
    .find((version) => version !== record.version);
}

/** What becomes of the release's digest: a refusal, or a canary that nobody could judge, says nothing against it. */
function fateOf(cause: unknown): "refused" | "allowed" {
  if (cause instanceof CanaryRejected) return cause.why === "bad" ? "refused" : "allowed";
  return cause instanceof Failure && cause.exitCode === exitCodes.refused ? "allowed" : "refused";
}

async function revert(failed: FailedRelease, cause: unknown): Promise<void> {
  const { operation, record, brake } = failed;
  const { ctx, current } = operation;
  const idle = other(current.live);
  const badSlot = digestIn(current, current.live) === digest(record.image) ? current.live : idle;
  const good = other(badSlot);
  const goodDigest = digestIn(current, good);
  // A failed update may have moved the weight although it is not applied, so what the rule says counts as well.
  const rule = await ctx.loadBalancer.route(ctx.signal);
  const hasMoved = rule?.routing.traffic === "open" && rule.routing.weights[badSlot] > 0;
  if (!hasMoved && !brake.isOn && current.canaryWeight === 0 && badSlot === idle) {
    // Nothing got traffic: what a failed update left half done is put back by what was applied before.
    if (operation.reapply) await heal(operation);
    return;
  }
  const reason = messageOf(cause);
  if (goodDigest === undefined) return withoutRelease(operation, reason);
  if (!brake.isOn) {
    const otherDigest = fateOf(cause);
    await brake.engage(brakeOrder(current, { good, goodDigest, reason, otherDigest }));
  }
  await backTo(failed, { good, goodDigest, reason });
}

/** A first release that failed: there is nothing to go back to but no traffic at all. */
async function withoutRelease(operation: Operation, reason: string): Promise<void> {
  if (operation.current.traffic !== "open") return;
  await apply(operation, { step: "pause", release: releaseAfter.pause(operation.current), reason });
  // So that it is not known good, and opens only with a validation.
  const { current } = operation;
  await apply(operation, { step: "rollback", release: releaseAfter.rollback(current, current.live), reason });
}

/** With the brake on: config goes back to the good slot, and the release in it is validated anew. */
async function backTo(
  { operation, brake }: FailedRelease,
  { good, goodDigest, reason }: { good: Slot; goodDigest: string; reason: string },
): Promise<void> {
  const { ctx, current } = operation;
  if (brake.routing) await confirmBrake(ctx, brake.routing, goodDigest);
  const back = releaseAfter.rollback(current, good);
  const steps: PlannedUpdate[] = [
    { step: "rollback", release: back, smoke: good, why: reason },
    { step: "validate", release: releaseAfter.validate(back), why: "the release before serves again" },
  ];
  await executePlan(operation, steps, brake);
  const routing = routingFor(operation.current);
  await confirmTraffic(ctx, { routing, digest: goodDigest, after: "rollback" });
}
