import type { PlannedUpdate } from "../../decisions/release/plannedUpdate";
import { digest } from "../../decisions/release/digest";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import { exposedDigests } from "../../decisions/release/trafficWeights";
import { routingFor } from "../../decisions/traffic/routing";
import type { RollbackIncident } from "../incident/rollbackIncident";
import { recordValidated } from "../release/knownGood";
import { judgeStep, requireLegal } from "../release/legality";
import { exitCodes, Failure } from "../shell/failure";
import { apply } from "../stack/apply";
import type { Operation } from "../stack/operation";
import type { BrakeHandle } from "../traffic/brake";
import { confirmTraffic } from "../traffic/confirmTraffic";
import { smokeStep } from "../traffic/smoke";
import { autoRollback, type RolledBack } from "./autoRollback";
import { bake, BakeUndecided } from "./bake";
import type { CanarySupervisor } from "./canarySupervisor";
import { gate } from "./gate";
import { writeOverride } from "./override";

/** A deploy under way, with the one brake and the one incident that it has if its release goes bad. */
export interface Deployment {
  operation: Operation;
  record: ReleaseRecord;
  supervisor: CanarySupervisor;
  brake: BrakeHandle;
  incident: RollbackIncident;
}

/** One update with what comes before and after it. Whatever goes wrong ends with the old release in place. */
export async function deployStep(
  deployment: Deployment,
  planned: PlannedUpdate,
): Promise<RolledBack | undefined> {
  const { operation, supervisor } = deployment;
  try {
    await supervisor.watchBefore(planned);
    await supervisor.during((signal) => takeStep(deployment, planned, signal));
    if (planned.step === "validate") await recordValidated(operation);
    return undefined;
  } catch (error) {
    if (operation.ctx.signal.aborted || leavesNothing(deployment, error)) throw error;
    return autoRollback(deployment, error);
  }
}

/** The bake of a release that was watched; one that goes bad ends with the old release in place. */
export async function bakeOut(deployment: Deployment): Promise<RolledBack | undefined> {
  const { operation, supervisor } = deployment;
  try {
    await supervisor.watchBake();
    const { monitor } = supervisor;
    if (monitor) await supervisor.during(() => bake(operation, monitor));
    return undefined;
  } catch (error) {
    if (operation.ctx.signal.aborted || isHeld(error) || error instanceof BakeUndecided) throw error;
    return autoRollback(deployment, error);
  }
}

/** Gate or smoke tests, the update, and what shows that it worked; `signal` stops whatever can be stopped. */
async function takeStep(
  { operation, record, supervisor }: Deployment,
  { step, release, why, gateBefore, smokeBefore }: PlannedUpdate,
  signal: AbortSignal,
): Promise<void> {
  const stoppable = { ...operation.ctx, signal };
  if (gateBefore && supervisor.monitor) await gate(operation, supervisor.monitor);
  if (smokeBefore) await smokeStep(stoppable, operation.current, smokeBefore);
  await requireLegalOrOverridden(operation, { step, release });
  await apply(operation, { step, release, reason: why });
  if (step === "promote")
    await confirmTraffic(stoppable, {
      routing: routingFor(operation.current),
      digest: digest(record.image),
      after: "promotion",
    });
  if (step === "promote" || step === "validate") await smokeStep(stoppable, operation.current, undefined);
}

/** The rules of transition, asked before `up` so that a refusal costs no update; writes an override only where one is needed. */
async function requireLegalOrOverridden(
  { ctx }: Operation,
  planned: Pick<PlannedUpdate, "step" | "release">,
): Promise<void> {
  const { serial } = planned.release;
  if (ctx.options.override !== undefined && !(await judgeStep(ctx, planned.release)).ok)
    await writeOverride(ctx, serial);
  await requireLegal(ctx, planned);
}

/** Somebody else has the stack now, or nothing was begun: there is nothing that we may or must take back. */
const leavesNothing = ({ operation, record }: Deployment, error: unknown): boolean =>
  isHeld(error) ||
  (error instanceof Failure &&
    error.exitCode === exitCodes.refused &&
    !exposedDigests(operation.current).includes(digest(record.image)));

/** Whether somebody else has the stack's lease or lock. */
export const isHeld = (error: unknown): boolean =>
  error instanceof Failure && error.exitCode === exitCodes.held;
