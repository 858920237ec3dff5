import type { ServiceWindows } from "./errorBudget";

/** Said where a source did not answer. It is never the same as zero, and never lets a canary pass. */
export type Unknown = "unknown";

/** Requests of one slot in one interval. */
export interface SlotCounts {
  requests: number;
  /** Answers 5xx among them. */
  errors: number;
  /** Answers slower than `slo.latencyMs` among them. */
  slow: number;
}

/** Jobs that the workers of one slot finished in one interval. */
export interface JobCounts {
  ok: number;
  failed: number;
}

/** Targets of one slot as the load balancer sees them, now. */
export interface TargetCounts {
  healthy: number;
  total: number;
}

/** What was seen in one interval. Intervals follow one another; their lengths may differ. */
export interface Observation {
  /** End of the interval: ISO time, or milliseconds since 1970. One that is not after the last one judged adds nothing. */
  at: string | number;
  /** Length of the interval, seconds, above 0. */
  seconds: number;
  /** Share of traffic that the rule gives the canary, percent. 0: from before the canary, to learn what is usual. */
  canaryWeight: number;
  slots: { canary: SlotCounts; live: SlotCounts } | Unknown;
  /** 502 and 503 that the load balancer made itself; absent where the source has none. */
  loadBalancer5xx?: number | Unknown;
  /** Absent for a release without canary workers. */
  jobs?: { canary: JobCounts; live: JobCounts } | Unknown;
  targets: { canary: TargetCounts | Unknown; live: TargetCounts | Unknown };
  /** How long fewer than half of the canary's targets have been healthy, where that was looked at more often than each interval. */
  halfDeadSeconds?: number;
  /** The service's error budget; needed now and then, not in each interval. */
  service?: ServiceWindows | Unknown;
}

/** One interval as a source of metrics measured it; {@link Observation} adds the share of traffic, targets and budget. */
export type Measured = Pick<Observation, "at" | "seconds" | "slots" | "loadBalancer5xx" | "jobs">;

/** Time of an observation, milliseconds since 1970. */
export function timeOf({ at }: Observation): number {
  const time = typeof at === "number" ? at : Date.parse(at);
  if (!Number.isFinite(time))
    throw new RangeError(`an observation's \`at\` is ${at}: give an ISO time or milliseconds since 1970`);
  return time;
}
