import { deployPlan, type DeployPlan } from "../../decisions/deploy/deployPlan";
import type { ReleaseRecord } from "../../decisions/release/releaseRecord";
import { knownGood } from "../../decisions/stack/history";
import { makeLine } from "../shell/options";
import type { Standing } from "../stack/standing";
import { describeChecks, readChecklist } from "./checklist";

/** What a deploy of `record` does from where the stack stands. */
export function planDeploy({ current, history, published }: Standing, record: ReleaseRecord): DeployPlan {
  const { targets } = knownGood(history, new Set(published.refused.keys()));
  return deployPlan({ current, record, knownGood: new Set(targets.map(({ digest }) => digest)) });
}

/** DRY_RUN: checklist and steps, without lease and without change. */
export async function showDeploy(standing: Standing, record: ReleaseRecord): Promise<void> {
  const { ctx } = standing;
  const planned = planDeploy(standing, record);
  const checks = await readChecklist(ctx, record, standing);
  ctx.output.set("checklist", checks);
  ctx.output.set("plan", planned);
  ctx.output.print([describeChecks(checks), "", ...describePlan(planned)].join("\n"));
  ctx.output.next(makeLine(ctx.stack, "deploy", { VERSION: record.version }));
}

function describePlan(planned: DeployPlan): string[] {
  if (planned.kind === "blocked") return planned.reasons;
  if (planned.kind !== "steps") return [planned.why];
  return planned.steps.map(
    ({ step, release, why }, index) => `${index + 1}. ${step} (serial ${release.serial}): ${why}`,
  );
}
