import { z } from "zod";

/** Config `slo`: the objective that the gate, the alarms and the error budget go by. */
export const sloSchema = z.strictObject({
  /** Share of requests that must succeed, percent, 90 to 99.999. */
  objective: z.number().min(90).max(99.999),
  /** Days over which the objective holds. */
  windowDays: z.int().min(1).max(90),
  /** A request slower than this counts as slow, milliseconds. */
  latencyMs: z.int().min(1),
});
export type Slo = z.infer<typeof sloSchema>;

/** Config `gate`. */
export const gateSchema = z.strictObject({
  /** A canary is watched at least this long, seconds. */
  holdSeconds: z.int().min(1),
  /** A canary that is not promoted by then ends with weight 0, seconds. */
  deadlineSeconds: z.int().min(1),
  /** Canary requests below which there is no verdict. */
  minRequests: z.int().min(1),
  /** Probability of rolling back a canary that is no worse, over the whole canary. */
  falseRollback: z.number().gt(0).max(0.1),
  /** Minutes after promotion during which the gate goes on judging. */
  bakeMinutes: z.number().min(0),
});
