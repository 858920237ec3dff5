import { halfDeadSeconds } from "./limits";
import type { Observation, TargetCounts, Unknown } from "./observation";
import type { GateState } from "./monitorState";

const fewerThanHalf = (targets: TargetCounts | Unknown): boolean =>
  targets !== "unknown" && targets.healthy * 2 < targets.total;

const allHealthy = (targets: TargetCounts | Unknown): boolean =>
  targets !== "unknown" && targets.total > 0 && targets.healthy === targets.total;

/** How long fewer than half of the canary's targets have been healthy while the live slot had all; unknown changes nothing. */
export function halfDeadFor(
  soFar: number,
  { targets, seconds }: Pick<Observation, "targets" | "seconds">,
): number {
  if (targets.canary === "unknown") return soFar;
  return fewerThanHalf(targets.canary) && allHealthy(targets.live) ? soFar + seconds : 0;
}

/**
 * Why the canary's targets reject it, if they do. Without a healthy target all its traffic fails: that is enough at once.
 * Where neither slot has one, the fault is shared and a rollback would not help.
 */
export function unhealthyTargets({
  targets: { canary, live },
  halfDeadSeconds: seconds,
}: Pick<GateState, "targets" | "halfDeadSeconds">): string[] | undefined {
  if (canary === "unknown" || (live !== "unknown" && live.healthy === 0)) return undefined;
  if (canary.healthy === 0)
    return [
      canary.total === 0
        ? "the canary gets traffic and has no target"
        : `none of the canary's ${canary.total} targets is healthy`,
    ];
  if (seconds >= halfDeadSeconds)
    return [
      `only ${canary.healthy} of the canary's ${canary.total} targets are healthy, for ${seconds} s, while the live slot has all`,
    ];
  return undefined;
}

/** Why the canary's targets keep it from being promoted, if they do. */
export function targetWait({ targets: { canary, live } }: GateState): string | undefined {
  if (canary === "unknown" || allHealthy(canary)) return undefined;
  if (live !== "unknown" && live.healthy === 0 && live.total > 0 && canary.healthy === 0)
    return "neither slot has a healthy target";
  return `${canary.healthy} of the canary's ${canary.total} targets are healthy`;
}
