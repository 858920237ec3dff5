import { digestIn, liveDigest } from "../release/digest";
import { idleSlot } from "../release/trafficWeights";
import type { Release } from "../stack/config";
import { knownGood, type HistoryEntry } from "../stack/history";

/** Why a stack is to go to a version that was validated on it before. */
export type RollbackIntent = "incident" | "finish" | "known-good";

/** What a rollback may do to get there. */
export interface RollbackRules {
  /** Whether the release that is replaced is bad: it is braked and refused, and nothing is healed before it is gone. */
  replacesBad: boolean;
  /** Whether a living deploy of somebody else may be ended for it. */
  endsOthers: boolean;
}

export const rollbackRules: Readonly<Record<RollbackIntent, RollbackRules>> = {
  /** What serves now is bad. */
  incident: { replacesBad: true, endsOthers: true },
  /** A deploy was killed while it went back; this finishes what that began. */
  finish: { replacesBad: true, endsOthers: false },
  /** A way forward to a version that served before: nothing says that what serves now is bad. */
  "known-good": { replacesBad: false, endsOthers: false },
};

/**
 * What a deploy of a known-good version is. Where `wanted` was validated before `live` was, it is a rollback, and what is live
 * is bad.
 */
export function intentOf(
  history: readonly HistoryEntry[],
  wanted: string,
  live: string | undefined,
): RollbackIntent {
  const oldestFirst = knownGood(history, new Set()).targets.toReversed();
  const first = (digest: string | undefined) => oldestFirst.findIndex((target) => target.digest === digest);
  return first(live) < 0 || first(wanted) < first(live) ? "incident" : "known-good";
}

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
