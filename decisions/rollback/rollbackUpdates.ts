import type { Release, SlotRelease } from "../stack/config";
import { slots, type Slot } from "../stack/names";
import type { SchemaPlan } from "../database/schemaPlan";
import { digest, digestIn } from "../release/digest";
import { releaseAfter } from "../release/nextRelease";
import type { PlannedUpdate } from "../release/plannedUpdate";
import { idleSlot } from "../release/trafficWeights";

/** Where a rollback ends, and what it may do on the way. */
export interface RollbackGoal {
  target: SlotRelease;
  /** What happens to the database. */
  schema: Exclude<SchemaPlan["kind"], "refused">;
  /** Whether flags or sizing change too. */
  restores: boolean;
  refused: ReadonlySet<string>;
  /** Rows that a downgrade may lose, by revision. Default: none. */
  loss?: ReadonlyMap<string, number> | undefined;
}

/** One part of a rollback: its update from `at`, or undefined where there is nothing to do. */
type Part = (at: Release, goal: RollbackGoal, isFirst: boolean) => PlannedUpdate | undefined;

/** The updates from `current` to the target live, validated and open; none where that is so already. */
export function rollbackUpdates(current: Release, goal: RollbackGoal): PlannedUpdate[] {
  if (isReached(current, goal)) return [];
  const updates: PlannedUpdate[] = [];
  let at = current;
  for (const part of [secureTraffic, moveSchema, loadTarget, switchToTarget, validateTarget]) {
    const update = part(at, goal, updates.length === 0);
    if (!update) continue;
    updates.push(update);
    at = update.release;
  }
  return updates;
}

/** The slot that holds the target, where one does. */
const holderOf = (at: Release, { target }: RollbackGoal): Slot | undefined =>
  slots.find((slot) => digestIn(at, slot) === digest(target.image));

function isReached(at: Release, { target, schema, restores }: RollbackGoal): boolean {
  const wanted = digest(target.image);
  const isInPlace = at.validated === wanted && digestIn(at, at.live) === wanted;
  const isServing = at.traffic === "open" && at.canaryWeight === 0;
  return isInPlace && isServing && !restores && schema !== "up" && schema !== "down";
}

/** All traffic to the slot that may have it; paused where the database goes down or no slot may have any. */
const secureTraffic: Part = (at, goal) => {
  const { target, schema, refused } = goal;
  const holder = holderOf(at, goal);
  // Before the database has gone up, the target cannot serve, so the live slot keeps the traffic until then.
  const slot = schema === "up" ? at.live : (holder ?? at.live);
  const isDown = schema === "down";
  // A refused release may not keep its traffic while the target is loaded: nobody is served rather than served badly.
  const isRefused = slot !== holder && refused.has(digestIn(at, slot) ?? "");
  const pause = (isDown || isRefused) && at.traffic === "open";
  const moves = slot !== at.live || at.canaryWeight > 0 || at.validated !== undefined;
  if (!moves && !pause) return undefined;
  const what =
    slot === holder
      ? `slot ${slot} takes all traffic with ${target.version}`
      : `slot ${slot} keeps all traffic, and risky flags go off`;
  const cause = isDown ? " for the database" : ", for that release is refused";
  return {
    step: moves ? "rollback" : "pause",
    release: releaseAfter.rollback(at, slot, { pause }),
    why: pause ? `${what}; traffic and workers pause${cause}` : what,
    smoke: slot === holder && !isDown ? slot : undefined,
  };
};

const moveSchema: Part = (at, goal) => {
  const { target, schema, loss } = goal;
  const { revision, image } = target;
  const smoke = holderOf(at, goal);
  if (schema === "down")
    return {
      step: "downgrade",
      release: releaseAfter.downgrade(at, { revision, loss }),
      why: `the database goes down to ${revision}`,
      smoke,
    };
  if (schema !== "up") return undefined;
  // The image that migrated last may be older: after a downgrade a deploy brings its own. The target's image knows its
  // revision and all before it, and so where the database is.
  return {
    step: "migrate",
    release: releaseAfter.migrate(at, { revision, image }),
    why: `the database goes up to ${revision}`,
    smoke,
  };
};

const loadTarget: Part = (at, goal) => {
  if (holderOf(at, goal)) return undefined;
  const slot = idleSlot(at);
  return {
    step: "load",
    release: releaseAfter.load(at, goal.target),
    why: `${goal.target.version} into slot ${slot}, without traffic`,
    smoke: slot,
  };
};

const switchToTarget: Part = (at, goal) => {
  const slot = holderOf(at, goal);
  if (!slot || slot === at.live) return undefined;
  return {
    step: "rollback",
    release: releaseAfter.rollback(at, slot),
    why: `slot ${slot} takes all traffic with ${goal.target.version}`,
    smoke: slot,
  };
};

const validateTarget: Part = (at, { target }, isFirst) => ({
  step: "validate",
  release: releaseAfter.validate(at),
  why: `${target.version} passed its smoke tests and is validated`,
  smokeBefore: isFirst ? at.live : undefined,
});
