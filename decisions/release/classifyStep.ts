import { only, within, type ReleaseDiff } from "./releaseDiff";
import { digestIn, liveDigest } from "./digest";
import type { TransitionFacts, Step } from "./transitionFacts";
import { isKnownGood, isUnserved } from "./eligibility";

/**
 * Which step a set of changed fields would be; whether that step is legal now, stepRules.ts decides.
 * Undefined: no step changes just these fields, in this direction.
 */
export function classifyStep(change: ReleaseDiff, facts: TransitionFacts): Step | undefined {
  const { names } = change;
  if (change.leftDowngrade || names.length === 0) return undefined;
  if (names.includes("migration")) return migrationStep(change);
  if (names.includes("slots.blue") || names.includes("slots.green")) return slotStep(change, facts);
  if (names.includes("live")) return flipStep(change, facts);
  return trafficStep(change);
}

/** The database moves: up on its own, down with `validated` cleared. */
function migrationStep(change: ReleaseDiff): Step | undefined {
  const { migration, validated } = change.next;
  if (!migration || !within(change, "migration", "validated")) return undefined;
  if (migration.downgradeFrom) return validated === undefined ? "downgrade" : undefined;
  return only(change, "migration") ? "migrate" : undefined;
}

/** Slots and live slot stay: only weight, traffic or validation change. */
function trafficStep(change: ReleaseDiff): Step | undefined {
  const { previous, next } = change;
  if (isTakeBack(change)) return "rollback";
  if (only(change, "canaryWeight")) return previous.canaryWeight === 0 ? "canary" : undefined;
  if (only(change, "traffic")) return next.traffic === "open" ? "open" : "pause";
  const isValidation = next.validated !== undefined && next.traffic === "open";
  return isValidation && within(change, "validated", "traffic") ? "validate" : undefined;
}

/** One slot changes, and nothing else; on a stack that has never served, `live` may name it at once. */
function slotStep(change: ReleaseDiff, facts: TransitionFacts): Step | undefined {
  const { previous, next, idle } = change;
  const mayNameLive = liveDigest(previous) === undefined ? ["live"] : [];
  if (
    isUnserved(previous, (digest) => isKnownGood(digest, previous, facts)) &&
    within(change, `slots.${next.live}`, ...mayNameLive) &&
    next.slots[next.live]
  )
    return "first";
  if (!only(change, `slots.${idle}`)) return undefined;
  return next.slots[idle] ? "load" : "empty-idle";
}

/** The other slot becomes live: a promotion keeps `validated`, a rollback clears it. */
function flipStep(change: ReleaseDiff, facts: TransitionFacts): Step | undefined {
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

/** The live slot stays and something is rolled back: a canary's weight, or that the release was validated. */
function isTakeBack(change: ReleaseDiff): boolean {
  const { previous, next } = change;
  if (next.canaryWeight !== 0 || next.validated !== undefined || isOpening(change)) return false;
  return previous.canaryWeight > 0 || previous.validated !== undefined;
}

const isOpening = ({ previous, next }: ReleaseDiff): boolean =>
  previous.traffic === "paused" && next.traffic === "open";
