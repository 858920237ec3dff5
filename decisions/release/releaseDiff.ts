import type { Release } from "../stack/config";
import { configDiff } from "../stack/configDiff";
import { idleSlot } from "./trafficWeights";
import { slots, type Slot } from "../stack/names";

/** Two releases and the fields in which they differ, apart from the serial. */
export interface ReleaseDiff {
  previous: Release;
  next: Release;
  /** Names of the fields that differ: migration, slots.blue, slots.green, live, canaryWeight, traffic, validated. */
  names: string[];
  /** The slot that is not live before the step. */
  idle: Slot;
  /** `previous` ended a downgrade and `next` still says so without being another one. */
  leftDowngrade: boolean;
}

/** Finds what differs. That a downgrade's note is dropped is no difference: every step after it does so. */
export function releaseDiff(previous: Release, next: Release): ReleaseDiff {
  const [was, is] = [previous.migration, next.migration];
  const sameTarget = was?.revision === is?.revision && was?.image === is?.image;
  const leftDowngrade = sameTarget && was?.downgradeFrom !== undefined && is?.downgradeFrom !== undefined;
  const names: string[] = [];
  if (!sameTarget || (is?.downgradeFrom !== undefined && !leftDowngrade)) names.push("migration");
  for (const slot of slots)
    if (configDiff(previous.slots[slot], next.slots[slot]).length > 0) names.push(`slots.${slot}`);
  for (const key of ["live", "canaryWeight", "traffic", "validated"] as const)
    if (previous[key] !== next[key]) names.push(key);
  return { previous, next, names, idle: idleSlot(previous), leftDowngrade };
}

/** Whether exactly these fields differ. */
export const only = (change: ReleaseDiff, ...names: string[]): boolean =>
  change.names.length === names.length && names.every((name) => change.names.includes(name));

/** Whether nothing but these fields differs; not all of them need to. */
export const within = (change: ReleaseDiff, ...names: string[]): boolean =>
  change.names.every((name) => names.includes(name));
