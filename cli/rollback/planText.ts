import { diffText, type DiffLine } from "../../decisions/stack/configDiff";
import type { RollbackPlan } from "../../decisions/rollback/rollbackPlan";

/** A rollback's plan for people. */
export function describePlan(plan: Extract<RollbackPlan, { ok: true }>): string {
  const { target, steps, brake, notes } = plan;
  return [
    `Target: ${target.version} as of ${target.name} (${target.startTime}), ${target.message}`,
    ...(brake
      ? [
          `Brake first: all traffic to slot ${brake.good}; refused from then on: ${brake.badDigests.join(", ") || "nothing"}`,
        ]
      : []),
    ...steps.flatMap((step, index) => [
      ...(step.smokeBefore ? [`   smoke tests on slot ${step.smokeBefore}`] : []),
      `${index + 1}. ${step.step} (serial ${step.release.serial}): ${step.why}`,
      ...(step.smoke ? [`   then smoke tests on slot ${step.smoke}`] : []),
    ]),
    ...notes.map((note) => `Note: ${note}`),
  ].join("\n");
}

/** The config diff for people; secrets are masked already. */
export const describeDiff = (diff: readonly DiffLine[]): string =>
  diff.length === 0
    ? "No config changes."
    : ["Config changes:", ...diff.map((line) => `  ${diffText(line)}`)].join("\n");
