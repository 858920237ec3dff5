import type { Release } from "../stack/config";
import { slots, type Slot } from "../stack/names";
import { trafficWeights } from "../release/trafficWeights";

/** Where the traffic goes: paused, or each slot's share in percent. */
export type Routing = { traffic: "paused" } | { traffic: "open"; weights: Record<Slot, number> };

/** All traffic to one slot. */
export const allTo = (slot: Slot): Routing => ({
  traffic: "open",
  weights: slot === "blue" ? { blue: 100, green: 0 } : { blue: 0, green: 100 },
});

/** What the listener rule has to say for `release`. */
export function routingFor(release: Release): Routing {
  if (release.traffic === "paused") return { traffic: "paused" };
  return { traffic: "open", weights: trafficWeights(release) };
}

export const sameRouting = (one: Routing, two: Routing): boolean =>
  one.traffic === "paused" || two.traffic === "paused"
    ? one.traffic === two.traffic
    : slots.every((slot) => one.weights[slot] === two.weights[slot]);

/** A routing for people. */
export const describeRouting = (routing: Routing): string =>
  routing.traffic === "paused"
    ? "paused"
    : `blue ${routing.weights.blue} %, green ${routing.weights.green} %`;
