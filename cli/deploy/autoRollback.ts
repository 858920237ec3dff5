import { digest, digestIn } from "../../decisions/release/digest";
import { other } from "../../decisions/stack/names";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import { releaseAfter as nextRelease } from "../../decisions/release/nextRelease";
import { brake, brakeOrder, routingFor, type BrakeHandle } from "../traffic/brake";
import {
  executePlan,
  confirmBrake,
  confirmTraffic,
  describeUpdates,
  type PlannedUpdate,
} from "../rollback/executePlan";
import { databaseUnreachable } from "../database/databaseUnreachable";
import { exitCodes, Failure, failureFrom, messageOf } from "../shell/failure";
import { CanaryRejected } from "./gate";
import { apply, heal } from "../stack/apply";
import type { Operation } from "../stack/operation";
import { makeLine } from "../shell/options";
import { openRollbackIncident } from "../incident/rollbackIncident";

/**
 * Back to the release before: brake and revert where the new one has traffic, else what was applied last once more.
 * `running` holds the brake where it is on already.
 */
export async function autoRollback(
  operation: Operation,
  record: ReleaseRecord,
  cause: unknown,
  running: { brake?: BrakeHandle } = {},
): Promise<never> {
  const { ctx } = operation;
  ctx.output.warn(`${record.version} failed: ${messageOf(cause)}`);
  const isBad =
    cause instanceof CanaryRejected
      ? cause.bad
      : !(cause instanceof Failure && cause.exitCode === exitCodes.refused);
  openRollbackIncident(ctx, {
    operation,
    bad: digest(record.image),
    byItself: true,
    reason: messageOf(cause),
  });
  try {
    await revert(operation, digest(record.image), messageOf(cause), isBad, running);
  } catch (error) {
    const failure = failureFrom(
      error,
      `${messageOf(cause)}\nand going back failed`,
      exitCodes.rollbackFailed,
    );
    throw new Failure(exitCodes.rollbackFailed, failure.message + (await databaseUnreachable(ctx)), {
      next: makeLine(ctx.stack, "rollback", { VERSION: goodVersion(operation, record) ?? "<tag>" }),
      cause: error,
    });
  }
  describeUpdates(operation);
  const failure = failureFrom(
    cause,
    `${record.version} was not released and is rolled back`,
    exitCodes.rolledBack,
  );
  throw new Failure(exitCodes.rolledBack, failure.message, {
    ...failure.more,
    next: makeLine(ctx.stack, "status"),
  });
}

/** Version of the slot that does not hold the record. */
function goodVersion({ current }: Operation, record: ReleaseRecord): string | undefined {
  return [current.live, other(current.live)]
    .map((slot) => current.slots[slot]?.version)
    .find((version) => version !== record.version);
}

/** See {@link autoRollback}. */
async function revert(
  operation: Operation,
  bad: string,
  reason: string,
  refuse: boolean,
  running: { brake?: BrakeHandle },
): Promise<void> {
  const { ctx, current } = operation;
  const idle = other(current.live);
  const badIsLive = digestIn(current, current.live) === bad;
  const good = badIsLive ? idle : current.live;
  const goodDigest = digestIn(current, good);
  // A failed update may have moved the weight although it is not applied, so what the rule says counts as well.
  const rule = await ctx.loadBalancer.route(ctx.signal);
  const badSlot = badIsLive ? current.live : idle;
  const moved = rule?.routing.traffic === "open" && rule.routing.weights[badSlot] > 0;
  if (!moved && !running.brake && current.canaryWeight === 0 && !badIsLive) {
    // Nothing got traffic: what a failed update left half done is put back by what was applied before.
    if (operation.reapply) await heal(operation);
    return;
  }
  if (goodDigest === undefined) {
    // A first release: there is nothing to go back to but no traffic at all.
    if (current.traffic === "open") {
      await apply(operation, { step: "pause", release: nextRelease.pause(current), reason });
      // So that it is not known good, and opens only with a validation.
      await apply(operation, { step: "rollback", release: nextRelease.abort(operation.current), reason });
    }
    return;
  }
  try {
    running.brake ??= await brake(ctx, brakeOrder(current, good, goodDigest, reason, refuse));
    await confirmBrake(ctx, running.brake.routing, goodDigest);
    const back = badIsLive ? nextRelease.rollback(current, good) : nextRelease.abort(current);
    const steps: PlannedUpdate[] = [
      { step: "rollback", release: back, smoke: good, why: reason },
      { step: "validate", release: nextRelease.validate(back), why: "the release before serves again" },
    ];
    await executePlan(operation, steps, running);
    await confirmTraffic(ctx, routingFor(operation.current), goodDigest, "at the end");
  } finally {
    await running.brake?.handBack();
  }
}
