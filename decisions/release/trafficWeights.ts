import type { Release, Settings } from "../stack/config";
import { digestIn } from "./digest";
import { other, slots, type Slot } from "../stack/names";

/** What one slot gets and runs under a release. */
export interface SlotAllocation {
  /** Share of the traffic, percent, 0 to 100; both slots are 0 while traffic is paused. */
  weight: number;
  /** Web pods: all of them while the slot holds a release, so that going back is a change of weights. */
  web: number;
  /** Worker pods: the live slot's, a canary's share, none in an idle slot. */
  workers: number;
}

/** Traffic of each slot, percent. Open: the two sum to 100. Paused: both 0. */
export function trafficWeights(release: Release): Record<Slot, number> {
  if (release.traffic === "paused") return { blue: 0, green: 0 };
  const live = 100 - release.canaryWeight;
  return release.live === "blue"
    ? { blue: live, green: release.canaryWeight }
    : { blue: release.canaryWeight, green: live };
}

/** Weights of the listener rule's forward action, whether or not it is in force: they sum to 100 also while paused. */
export const forwardWeights = (release: Release): Record<Slot, number> =>
  trafficWeights({ ...release, traffic: "open" });

/** Traffic and pods of each slot. A paused stack runs no workers: a migration may be going back below them. */
export function slotAllocations(release: Release, sizing: Settings["sizing"]): Record<Slot, SlotAllocation> {
  const share = trafficWeights(release);
  const of = (slot: Slot): SlotAllocation => {
    if (!release.slots[slot]) return { weight: share[slot], web: 0, workers: 0 };
    const workers = slot === release.live ? sizing.workers.replicas : sizing.workers.canary;
    return { weight: share[slot], web: sizing.web.replicas, workers: share[slot] > 0 ? workers : 0 };
  };
  return { blue: of("blue"), green: of("green") };
}

/** Digests that get traffic under a release. */
export function exposedDigests(release: Release): string[] {
  const share = trafficWeights(release);
  return slots.filter((slot) => share[slot] > 0).flatMap((slot) => digestIn(release, slot) ?? []);
}

/** The slot that is not live. */
export const idleSlot = (release: Release): Slot => other(release.live);
