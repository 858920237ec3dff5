import { only, within, type ReleaseDiff } from "./releaseDiff";
import { digestIn, liveDigest } from "./digest";
import type { TransitionFacts, Step } from "./transitionFacts";
import { isKnownGood } from "./eligibility";
import { other, slots } from "../stack/names";
import type { Release } from "../stack/config";

/**
 * Which step a set of changed fields would be; whether that step is legal now, stepRules.ts decides.
 * Undefined: no step changes just these fields, in this direction.
 */
export function classifyStep(change: ReleaseDiff, facts: TransitionFacts): Step | undefined {
  const { previous, next, names } = change;
  if (change.leftDowngrade || names.length === 0) return undefined;
  if (only(change, "migration") && !next.migration?.downgradeFrom) return next.migration && "migrate";
  if (names.includes("migration") && within(change, "migration", "validated"))
    return next.migration?.downgradeFrom && next.validated === undefined ? "downgrade" : undefined;
  if (names.some((name) => name.startsWith("slots."))) return slotShape(change, facts);
  if (names.includes("live")) return flipShape(change, facts);
  if (within(change, "canaryWeight", "validated", "traffic") && isTakeBack(change)) return "rollback";
  if (only(change, "canaryWeight")) return previous.canaryWeight === 0 ? "canary" : undefined;
  if (only(change, "traffic")) return next.traffic === "open" ? "open" : "pause";
  if (within(change, "validated", "traffic") && next.validated !== undefined && next.traffic === "open")
    return "validate";
  return undefined;
}

/** One slot changes, and nothing else; on a stack that has never served, `live` may name it at once. */
function slotShape(change: ReleaseDiff, facts: TransitionFacts): Step | undefined {
  const { previous, next, idle } = change;
  const mayNameLive = liveDigest(previous) === undefined ? ["live"] : [];
  if (
    hasNeverServed(previous, facts) &&
    within(change, `slots.${next.live}`, ...mayNameLive) &&
    next.slots[next.live]
  )
    return "first";
  if (!only(change, `slots.${idle}`)) return undefined;
  return next.slots[idle] ? "load" : "settle";
}

/**
 * Nothing runs yet, or the first release is in its slot but was never validated and has had no traffic: it may be
 * replaced there, because no older one exists to go back to.
 */
export function hasNeverServed(previous: Release, facts: TransitionFacts): boolean {
  const live = liveDigest(previous);
  if (live === undefined) return slots.every((slot) => !previous.slots[slot]);
  return (
    previous.validated === undefined &&
    previous.traffic === "paused" &&
    !previous.slots[other(previous.live)] &&
    !isKnownGood(live, previous, facts)
  );
}

/** The other slot becomes live: a promotion keeps `validated`, a rollback clears it. */
function flipShape(change: ReleaseDiff, facts: TransitionFacts): Step | undefined {
  const { previous, next } = change;
  const isPromotion = within(change, "live", "canaryWeight");
  const isRollback =
    within(change, "live", "canaryWeight", "validated", "traffic") &&
    next.validated === undefined &&
    !isOpening(change);
  if (!isPromotion) return isRollback ? "rollback" : undefined;
  if (!isRollback) return "promote";
  // Nothing was validated before, so both look alike: a verdict makes it a promotion, a known-good target a rollback.
  const target = digestIn(previous, next.live);
  const isJudged =
    previous.canaryWeight > 0 && facts.verdict?.serial === previous.serial && facts.verdict.digest === target;
  return !isJudged && target !== undefined && isKnownGood(target, previous, facts) ? "rollback" : "promote";
}

/** The live slot stays and something is taken back: a canary's weight, or that the release was validated. */
function isTakeBack(change: ReleaseDiff): boolean {
  const { previous, next } = change;
  if (next.canaryWeight !== 0 || next.validated !== undefined || isOpening(change)) return false;
  return previous.canaryWeight > 0 || previous.validated !== undefined;
}

const isOpening = ({ previous, next }: ReleaseDiff): boolean =>
  previous.traffic === "paused" && next.traffic === "open";
