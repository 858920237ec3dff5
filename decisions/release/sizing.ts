import { z } from "zod";

const resources = z.strictObject({
  /** CPU request, Kubernetes quantity. */
  cpu: z.string().default("100m"),
  /** Memory request and limit, Kubernetes quantity. */
  memory: z.string().default("256Mi"),
});

/** Config `sizing`. */
export const sizingSchema = z.strictObject({
  web: z.strictObject({
    /** Web pods of a slot that holds a release: a canary and an idle release have as many as the live one. 2 to 100. */
    replicas: z.int().min(2, "must be at least 2: one pod cannot be replaced without a gap").max(100),
    resources: resources.prefault({}),
  }),
  workers: z.strictObject({
    /** Worker pods of the live slot, 0 to 100. */
    replicas: z.int().min(0).max(100),
    /** Worker pods of a canary, 0 to 100; an idle slot has none. Default 1. */
    canary: z.int().min(0).max(100).default(1),
    /**
     * Largest share of the stack's workers that a canary's may be, 0 to 1: a queue has no weights, so their number is
     * what bounds the jobs that a bad release spoils. Default 0.34, one canary worker to two live ones.
     */
    maxCanaryShare: z.number().min(0).max(1).default(0.34),
    resources: resources.prefault({}),
  }),
  /** Size of the previous release after a promotion. `full` is the only one: going back is then a change of weights. */
  standby: z.literal("full").default("full"),
});
