import type { Release } from "../stack/config";
import { digestIn, liveDigest } from "../release/digest";
import { idleSlot } from "../release/trafficWeights";

/**
 * Version that serves instead of a refused one, where going back from that is half way: it is in a slot, and it has traffic
 * or nothing is validated. Undefined: there is nothing to finish.
 */
export function goodInstead(current: Release, bad: string): string | undefined {
  const live = liveDigest(current);
  const idle = idleSlot(current);
  if (live !== bad && digestIn(current, idle) !== bad) return undefined;
  const isDone =
    live !== bad && current.canaryWeight === 0 && current.traffic === "open" && current.validated === live;
  return isDone ? undefined : current.slots[live === bad ? idle : current.live]?.version;
}
