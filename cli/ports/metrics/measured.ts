import type { Settings } from "../../../decisions/stack/config";
import type { LoadBalancer } from "../loadBalancer";
import type { TrafficSeries } from "../../../decisions/report/trafficSeries";
import type { ServiceWindows } from "../../../decisions/gate/errorBudget";
import type { Measured } from "../../../decisions/gate/observation";
import type { Slot } from "../../../decisions/stack/names";

export type { Measured };

/** What a source has to say since the last poll. */
export interface Poll {
  /** Plain JSON, to be kept with the gate's state and given to the next poll, of this process or of another. */
  cursor: unknown;
  /** Intervals that ended since, the oldest first; empty while there is nothing new. */
  intervals: Measured[];
  /** Why something is unknown and what to do, in sentences for people; empty when all is known. */
  reasons: string[];
}

/** Where requests, errors, slow requests and jobs are counted. An outage is no error here: it is `unknown`. */
export interface MetricSource {
  /** What happened since `cursor`; without one, or with one of another source, it only takes the starting point. */
  since(cursor: unknown, canary: Slot, signal?: AbortSignal): Promise<Poll>;
  /** One interval, the last `seconds` before now: how the live slot was used before the canary got traffic. */
  before(seconds: number, canary: Slot, signal?: AbortSignal): Promise<Measured>;
  /** Requests and errors of both slots over the windows of the error budget. */
  service(canary: Slot, signal?: AbortSignal): Promise<ServiceWindows | "unknown">;
  /** What both slots had from `from` to `to`, milliseconds since 1970. Throws where the source has no answer. */
  series(from: number, to: number, signal?: AbortSignal): Promise<TrafficSeries>;
}

/** What a source needs besides the settings. */
export interface SourceArgs {
  stack: string;
  settings: Pick<Settings, "metrics" | "slo" | "sizing" | "network">;
  /** AWS region; absent: what the environment says. */
  region: string | undefined;
  /** By its rules a slot's target group is found. */
  loadBalancer: Pick<LoadBalancer, "route">;
}
