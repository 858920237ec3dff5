import { rollbackPlan, type RollbackPlan } from "../../decisions/rollback/rollbackPlan";
import { describeHint } from "../../decisions/text/commandHint";
import { readRevisionsBetween } from "../../repository/database/revisionsBetween";
import { readReleases } from "../../repository/release/releases";
import type { Context } from "../shell/context";
import { Failure } from "../shell/failure";
import { makeLine } from "../shell/options";
import { readStanding, type Standing } from "../stack/standing";
import { describeDiff, describePlan } from "./planText";

/** What is to be gone back to: a version's newest known-good update, or one update by number, name, time or operation. */
export interface RollbackTarget {
  version?: string | undefined;
  update?: string | undefined;
}

/** A plan that can be carried out. */
export type SoundPlan = Extract<RollbackPlan, { ok: true }>;

/** The way back to `target` from where the stack stands; throws with every reason why there is none. */
export function planRollback(
  { ctx, current, history, published }: Standing,
  target: RollbackTarget,
): SoundPlan {
  const plan = rollbackPlan({
    history,
    settings: ctx.settings,
    current,
    refused: new Set(published.refused.keys()),
    target,
    database: ctx.options.database,
    between: (to, at) => readRevisionsBetween(ctx.root, ctx.settings, to, at),
    loss: ctx.options.loss,
    releases: readReleases(ctx.root).records,
  });
  if (!plan.ok)
    throw new Failure(plan.code, plan.reasons.join("\n"), {
      next: plan.next && describeHint(ctx.stack, plan.next),
      details: { reasons: plan.reasons },
    });
  return plan;
}

/** DRY_RUN: the plan and the diff, without lease and without change. */
export async function showRollback(ctx: Context, target: RollbackTarget): Promise<void> {
  const planned = planRollback(await readStanding(ctx), target);
  const { name, version, digest } = planned.target;
  ctx.output.set(
    "plan",
    planned.steps.map(({ step, why, release }) => ({ step, why, serial: release.serial })),
  );
  ctx.output.set("target", { name, version, digest });
  ctx.output.set("diff", planned.diff);
  ctx.output.print([describePlan(planned), "", describeDiff(planned.diff)].join("\n"));
  ctx.output.next(makeLine(ctx.stack, "rollback", { VERSION: target.version, UPDATE: target.update }));
}
