import { z } from "zod";
import { subscribersSchema } from "./subscribers";

/** Config `alarms`. */
export const alarmsSchema = z.strictObject({
  /** Share of 5xx answers of a slot above which its alarm rings, percent. Default 1. */
  maxErrorPercent: z.number().gt(0).max(100).default(1),
  /** Unhealthy hosts of a slot above which its alarm rings. Default 0. */
  maxUnhealthyHosts: z.int().min(0).default(0),
  /** Healthy hosts of a slot that answers requests below which its alarm rings, 1 to 100. Default: half of `sizing.web.replicas`, rounded up. */
  minHealthyHosts: z.int().min(1).max(100).optional(),
  /** Failed connections to a slot's pods in a minute above which its alarm rings. Default 10. */
  maxConnectionErrors: z.int().min(0).default(10),
  /** Requests in a minute that the load balancer itself answers with 502, 503 or 504, above which the alarm rings. Default 10. */
  maxLoadBalancerErrors: z.int().min(0).default(10),
  /**
   * Minutes without any request after which the alarm rings, 0 to 1440 (CloudWatch looks back one day at most). Default 0:
   * no such alarm, for a stack that nobody uses all day.
   */
  maxQuietMinutes: z.int().min(0).max(1440).default(0),
  /** Who is notified when an alarm on the release or on the backups rings. Default: nobody, which production may not say. */
  subscribers: subscribersSchema,
});
