import type { TargetCounts, Unknown } from "../../decisions/gate/observation";
import { other, type Slot } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { withinTime } from "../shell/wait";

/** Longest wait for one answer of the load balancer's API, milliseconds: the metrics' word must not wait for it. */
const patience = 1_500;

/** What the load balancer says of a slot: the rule's share of it, and both slots' targets. */
export interface SlotTargets {
  /** Share of the traffic, percent; absent where it cannot be read. */
  weight?: number;
  targets: Record<"canary" | "live", TargetCounts | Unknown>;
}

/** Reads them; what cannot be read, or not in time, is unknown. */
export async function readTargets({ loadBalancer, signal }: Context, slot: Slot): Promise<SlotTargets> {
  const inTime = <T>(reading: Promise<T>) => withinTime(reading, patience).catch(() => undefined);
  const route = await inTime(loadBalancer.route(signal));
  if (!route) return { targets: { canary: "unknown", live: "unknown" } };
  const [canary = "unknown", live = "unknown"] = await Promise.all([
    inTime(loadBalancer.targets(route, slot)),
    inTime(loadBalancer.targets(route, other(slot))),
  ]);
  return {
    weight: route.routing.traffic === "open" ? route.routing.weights[slot] : 0,
    targets: { canary, live },
  };
}
