import { z } from "zod";
import { addressSchema } from "../stack/address";

const metricName = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "must be one that Prometheus allows: letters, digits, _ and :");
const labelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "must be one that Prometheus allows: letters, digits and _");

/** Config `metrics`. */
export const metricsSchema = z.strictObject({
  /** Where the gate counts requests, errors, slow requests and jobs. */
  source: z.enum(["prometheus", "cloudwatch"]),
  /** Address of Prometheus, without user and password. */
  url: addressSchema.optional(),
  /** How often Prometheus scrapes the pods, seconds, 1 to 15. A pod that missed three scrapes is unknown. Default 5. */
  scrapeSeconds: z.number().min(1).max(15).default(5),
  /** Labels by which this application's pods are told from others in the same Prometheus, besides `stack`. Default none. */
  labels: z.record(labelName, z.string()).default({}),
  /** What the application's metrics are called. Defaults: those of the contract in docs/adopt.md. */
  names: z
    .strictObject({
      /** Counter of answers. */
      requests: metricName.default("http_requests_total"),
      /** Its label with the status: `5xx`, or a code such as `503`. What begins with 5 is an error. */
      statusLabel: labelName.default("status"),
      /** Histogram of durations in seconds, without `_bucket`. */
      duration: metricName.default("http_request_duration_seconds"),
      /** Counter of the workers' finished jobs. */
      jobs: metricName.default("jobs_total"),
      /** Its label with the result: `failed`, or anything else for a job that went well. */
      resultLabel: labelName.default("result"),
    })
    .prefault({}),
  /** How CloudWatch is read, where it is the source. */
  cloudwatch: z
    .strictObject({
      /**
       * How long after its end a minute is counted, seconds, 0 to 600. Default 60: the newest minute's figures are seen to
       * be incomplete (Netflix/atlas#1300). What arrives in the three minutes after that is added to a later interval.
       */
      settleSeconds: z.int().min(0).max(600).default(60),
      /**
       * CloudWatch namespace in which the workers report `Jobs` (dimensions Stack, Slot and Result, `ok` or `failed`) each
       * minute, zeros too. Absent: their results do not count in the gate.
       */
      jobsNamespace: z.string().min(1).max(255).optional(),
    })
    .prefault({}),
});
