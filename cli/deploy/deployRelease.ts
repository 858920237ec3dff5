import type { DeployPlan } from "../../decisions/deploy/deployPlan";
import { describeHint } from "../../decisions/text/commandHint";
import type { PlannedUpdate } from "../../decisions/release/plannedUpdate";
import { digest, digestIn, liveDigest } from "../../decisions/release/digest";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import { idleSlot } from "../../decisions/release/trafficWeights";
import type { Release } from "../../decisions/stack/config";
import { parameters as paths } from "../../decisions/stack/names";
import { verifyIfChanged } from "../database/verifySchema";
import { withRollbackIncident, type RollbackIncident } from "../incident/rollbackIncident";
import { recordValidated } from "../release/knownGood";
import type { Context } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import { makeLine } from "../shell/options";
import { timeline } from "../shell/output";
import { operate } from "../stack/operate";
import { describeUpdates, type Operation } from "../stack/operation";
import { BrakeHandle } from "../traffic/brake";
import type { RolledBack } from "./autoRollback";
import { CanarySupervisor } from "./canarySupervisor";
import { passChecklist, readChecklist } from "./checklist";
import { bakeOut, deployStep, isHeld, type Deployment } from "./deployStep";
import { planDeploy } from "./planDeploy";
import { readSaved, type SavedMonitor } from "./savedMonitor";

/** How a deploy ended that did not fail. */
export type DeployOutcome = { kind: "released" } | RolledBack;

/** Brings a version to full production under the stack's lease, from wherever a killed deploy of it stopped. */
export function deployRelease(ctx: Context, record: ReleaseRecord): Promise<DeployOutcome> {
  const { version } = record;
  return withRollbackIncident(ctx, (incident) =>
    operate(ctx, { version }, (operation) => deployFrom(operation, record, incident)),
  );
}

/** Does what is left of the deploy, the bake included. */
async function deployFrom(
  operation: Operation,
  record: ReleaseRecord,
  incident: RollbackIncident,
): Promise<DeployOutcome> {
  const { ctx, current, published } = operation;
  const planned = planDeploy(operation, record);
  // A deploy that was killed between its last update and this write leaves it out, and a rollback cannot do without it.
  if (current.validated !== undefined && !published.validated.has(current.validated))
    await recordValidated(operation);
  const wanted = digest(record.image);
  const known = await readSaved(ctx, wanted);
  const saved = hasTraffic(current, wanted) ? known : undefined;
  // What was known of a release that has no traffic now is of an earlier try.
  if (known && !saved) await ctx.parameters.remove(paths.gate(ctx.stack));
  if (planned.kind === "nothing" && !saved) return alreadyReleased(operation, planned.why);
  const steps = stepsOf(ctx, planned, record);
  if (steps.length > 0) {
    await verifyIfChanged(operation);
    await ctx.output.step("checklist", "checklist", async () =>
      passChecklist(ctx, await readChecklist(ctx, record, operation)),
    );
  }
  const outcome = await underSupervision({ operation, record, incident }, steps, saved);
  if (outcome.kind === "released") describeReleased(operation, record);
  return outcome;
}

/** Takes the steps and the bake with the release watched; the brake and the watch end here, whatever happens. */
async function underSupervision(
  started: Pick<Deployment, "operation" | "record" | "incident">,
  steps: readonly PlannedUpdate[],
  saved: SavedMonitor | undefined,
): Promise<DeployOutcome> {
  const { operation, record } = started;
  const brake = new BrakeHandle(operation.ctx);
  const supervisor = new CanarySupervisor({ operation, digest: digest(record.image), saved, brake });
  const deployment = { ...started, supervisor, brake };
  let memory: "keep" | "forget" = "forget";
  try {
    for (const step of steps) {
      const rolledBack = await deployStep(deployment, step);
      if (rolledBack) return rolledBack;
    }
    return (await bakeOut(deployment)) ?? { kind: "released" };
  } catch (error) {
    // The same command, run again, goes on from what is known.
    if (operation.ctx.signal.aborted || isHeld(error)) memory = "keep";
    throw error;
  } finally {
    await brake.handBack();
    await supervisor.end(memory);
  }
}

/** The steps that are left; throws where a deploy does not lead to the version. */
function stepsOf(ctx: Context, planned: DeployPlan, { version }: ReleaseRecord): readonly PlannedUpdate[] {
  switch (planned.kind) {
    case "steps":
      return planned.steps;
    case "nothing":
      return [];
    case "rollback":
      throw new Failure(exitCodes.refused, `${version} is an older known-good version by now.`, {
        next: makeLine(ctx.stack, "rollback", { VERSION: version }),
      });
    case "blocked":
      throw new Failure(exitCodes.refused, planned.reasons.join("\n"), {
        next: planned.next[0] && describeHint(ctx.stack, planned.next[0]),
      });
  }
}

/** Whether a release is the canary or live. */
const hasTraffic = (current: Release, wanted: string): boolean =>
  liveDigest(current) === wanted ||
  (current.canaryWeight > 0 && digestIn(current, idleSlot(current)) === wanted);

function alreadyReleased(operation: Operation, why: string): DeployOutcome {
  const { output, stack } = operation.ctx;
  output.say(why);
  output.print(why);
  output.set("upCount", operation.updates.length);
  output.next(makeLine(stack, "status"));
  return { kind: "released" };
}

function describeReleased(operation: Operation, { version }: ReleaseRecord): void {
  const { output, stack, settings } = operation.ctx;
  const summary = describeUpdates(operation);
  output.print(
    [
      `${version} serves all of stack ${stack} and is validated.`,
      "",
      timeline(output.steps),
      "",
      summary,
      "",
      `Commit Pulumi.${stack}.yaml: it holds the release that is applied now.`,
    ].join("\n"),
  );
  // The next stack takes what this one validated; the last one is done.
  const isLast = settings.promotedFrom !== undefined || stack === "prod";
  output.next(isLast ? makeLine(stack, "status") : makeLine("prod", "deploy", { VERSION: version }));
}
