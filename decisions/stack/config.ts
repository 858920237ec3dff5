import { z } from "zod";
import { addressSchema } from "./address";
import { subscribersSchema } from "../alarms/subscribers";
import { changeWindowSchema } from "../approval/changeWindow";
import { commsSchema } from "../incident/comms";
import { describeIssues, knownKeys, type Issue } from "./issues";
import { recoverySchema } from "../recovery/recoveryConfig";
import { releaseFields, releaseSchema } from "../release/release";

export { releaseSchema, type Release, type SlotRelease } from "../release/release";

/**
 * The stack's config as one typed object: what may be said, what is the default, what is refused and why.
 * Every key of `deployment-safety:` is here and nowhere else; `Pulumi.yaml` only names them.
 */

/** A role's or a cohort's name: lower case letters, digits and -. */
export const groupName = /^[a-z0-9][a-z0-9-]*$/;

/** Names of roles and cohorts, as the application's evaluation context gives them. */
const names = z.array(z.string().regex(groupName, "must be lower case letters, digits and -")).default([]);

const flag = z.strictObject({
  /** A `high` risk flag is published off until the live digest is validated (A2). */
  risk: z.enum(["low", "high"]),
  /** Roles that have it whatever the percentage is. */
  roles: names,
  /** Cohorts that have it whatever the percentage is. */
  cohorts: names,
  /** Share of everybody else, percent, by a stable hash of the person; raising it only adds people (A3). */
  percentage: z.number().min(0).max(100).default(0),
  /** Team that answers for it. */
  owner: z.string().min(1),
  /** Day on which it should be gone, ISO date. */
  expires: z.iso.date(),
  /**
   * Alembic revision without which the feature cannot run. The flag is published off while the database has not got it:
   * on only after the migration, off before a downgrade below it. Default: it needs none.
   */
  revision: releaseFields.revision.optional(),
});
export type Flag = z.infer<typeof flag>;

const resources = z.strictObject({
  /** CPU request, Kubernetes quantity. */
  cpu: z.string().default("100m"),
  /** Memory request and limit, Kubernetes quantity. */
  memory: z.string().default("256Mi"),
});

const sizing = z.strictObject({
  web: z.strictObject({
    /** Web pods of a slot that holds a release: the canary and the standby have as many as the live one. 2 to 100. */
    replicas: z.int().min(2, "must be at least 2: one pod cannot be replaced without a gap").max(100),
    resources: resources.prefault({}),
  }),
  workers: z.strictObject({
    /** Worker pods of the live slot, 0 to 100. */
    replicas: z.int().min(0).max(100),
    /** Worker pods of a canary, 0 to 100; a slot without traffic has none. Default 1. */
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

const expectation = z.strictObject({
  /** What the request shows, for the report. */
  name: z.string().min(1),
  method: z.enum(["GET", "POST", "PUT", "DELETE"]).default("GET"),
  /** Path with a leading slash. */
  path: z.string().startsWith("/"),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  /** Expected status, default 200. */
  status: z.int().min(100).max(599).default(200),
  /** Text that the answer's body must contain. */
  contains: z.string().optional(),
});

const command = z.array(z.string().min(1)).min(1);

const metricName = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "must be one that Prometheus allows: letters, digits, _ and :");
const labelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "must be one that Prometheus allows: letters, digits and _");

const metrics = z.strictObject({
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

const settingsFields = z.strictObject({
  release: releaseSchema,
  flags: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be a flag name of a-z, 0-9 and -"), flag)
    .default({}),
  /**
   * Flags that an incident switched off, by name: published off whatever `flags` says. No rollback restores one and no old
   * file does; a person releases it with `make flag NAME= HOLD=off`, a name and a reason. Default: none.
   */
  heldFlags: z
    .record(
      z.string(),
      z.strictObject({
        /** Why it is held. */
        reason: z.string().min(1),
        /** Reference of the incident. Default: none. */
        incident: z.string().min(1).optional(),
      }),
    )
    .default({}),
  sizing,
  slo: z.strictObject({
    /** Share of requests that must succeed, percent, 90 to 99.999. */
    objective: z.number().min(90).max(99.999),
    /** Days over which the objective holds. */
    windowDays: z.int().min(1).max(90),
    /** A request slower than this counts as slow, milliseconds. */
    latencyMs: z.int().min(1),
  }),
  gate: z.strictObject({
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
  }),
  metrics,
  network: z.strictObject({
    /** Listener of the load balancer that the release's rules are added to. */
    listenerArn: z.string().startsWith("arn:", "must be the ARN of a listener"),
    vpcId: z.string().min(1),
    /** Address at which the commands reach the load balancer, for smoke tests and verification; no user and password. */
    url: addressSchema,
    /** Host names that the weighted rule answers to. */
    hosts: z.array(z.string().min(1)).min(1).max(5),
    /** Priorities of the weighted rule; the two test rules get the two before it. 3 to 50000. Default 100. */
    rulePriority: z.int().min(3).max(50000).default(100),
    /** Seconds that a leaving target may finish requests, 0 to 3600. Default 30. */
    deregistrationSeconds: z.int().min(0).max(3600).default(30),
  }),
  cluster: z.strictObject({ namespace: z.string().min(1) }),
  application: z.strictObject({
    /** Name of the application, on labels and resource names; at most 16 characters, for target group names are short. */
    name: z.string().regex(/^[a-z][a-z0-9-]{0,15}$/, "must be 1 to 16 of a-z, 0-9 and -"),
    /** Port of the web process. */
    port: z.int().min(1).max(65535),
    web: command,
    worker: command,
    /** Environment of web, workers and migrations; no secrets. */
    environment: z.record(z.string(), z.string()).default({}),
  }),
  database: z.strictObject({
    /** ARN of the database that the backups select. */
    arn: z.string().startsWith("arn:", "must be the ARN of a database instance or cluster"),
    /** Kubernetes Secret in the namespace, whose keys become environment variables (`DATABASE_URL`). */
    secretName: z.string().min(1),
    /** Alembic's limit for one migration Job, seconds. Default 600. */
    migrationSeconds: z.int().min(1).default(600),
    /** Where point-in-time recovery comes from. Default: `{ source: rds }`. */
    recovery: recoverySchema.prefault({ source: "rds" }),
  }),
  /** Backfills by name, as a revision declares them; each runs in a Job of its own while `dueBackfills` says so. */
  backfills: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, "must be 1 to 40 of a-z, 0-9 and -"),
      z.strictObject({
        /** Flag that guards it, the one that the revision names: off stops it within a few rows. An absent flag is off. */
        flag: z.string().min(1),
        /** Rows a second at most, 1 to 1000000. Default 2000. */
        ratePerSecond: z.int().min(1).max(1_000_000).default(2000),
        /** Rows of one transaction at most, 10 to 100000; fewer where that many take longer than 25 ms. Default 1000. */
        batch: z.int().min(10).max(100_000).default(1000),
      }),
    )
    .default({}),
  smoke: z.array(expectation).min(1),
  backups: z.strictObject({
    /** Days that an hourly recovery point is kept, and that one can go back in time; 7 to 35, AWS's most. */
    retentionDays: z.int().min(7, "must be at least 7 days (D1)").max(35),
    /**
     * Lock of the vault. `governance`, the default, can be taken off by who has the right to; `compliance` by nobody, AWS
     * included, once its days of grace are over: an irreversible change, to be approved like one.
     */
    lock: z.enum(["governance", "compliance"]).default("governance"),
  }),
  alarms: z.strictObject({
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
    /** Who is told when an alarm on the release or on the backups rings. Default: nobody, which production may not say. */
    subscribers: subscribersSchema,
  }),
  evidence: z
    .strictObject({
      /**
       * Whether the commit that gives evidence must be signed by its author's key. Default: yes where `promotedFrom` is
       * set, as in prod; no on a first stage.
       */
      requireSigned: z.boolean().optional(),
      /** SSH keys and whose they are (ssh-keygen's ALLOWED SIGNERS), below the project's root. */
      allowedSigners: z
        .string()
        .regex(/^(?!\/)(?!.*\.\.).+$/, "must be a path below the project's root")
        .default("evidence/allowed_signers"),
    })
    .prefault({}),
  /**
   * When a change that cannot be undone may run; a stack that has it runs none without approval, recovery point and drill,
   * and giving it up needs an approval too. Absent: a stack whose data nobody would miss, such as a first stage's.
   */
  changeWindow: changeWindowSchema.optional(),
  /** Where records go: the schema `reporting` of the database. Absent: nothing is recorded. */
  reporting: z
    .strictObject({
      /** Kubernetes Secret with the address of who may append records. */
      secretName: z.string().min(1),
      /** Its key. Default `DATABASE_URL`. */
      key: z.string().min(1).default("DATABASE_URL"),
      /**
       * Name of the database in which the program makes roles and grants (components/audit/reportingDatabase.ts); the server is the
       * `postgresql` provider's config. Absent: somebody else does.
       */
      database: z.string().min(1).optional(),
    })
    .optional(),
  /** How people are told. Absent: nobody is, and a notice to guardians cannot be sent. */
  comms: commsSchema.optional(),
  /** Stack whose `validated` output production takes releases from (A4); absent: this stack is the first stage. */
  promotedFrom: z.string().min(1).optional(),
});

/** The whole config, with what must hold between its keys. */
export const settings = settingsFields.superRefine(({ gate, metrics, sizing: { workers } }, context) => {
  const fault = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
  if (gate.deadlineSeconds < gate.holdSeconds)
    fault(
      ["gate", "deadlineSeconds"],
      `is ${gate.deadlineSeconds}, so a canary would end before it may be promoted; allowed is at least holdSeconds, ${gate.holdSeconds}`,
    );
  const canaryShare = workers.canary / Math.max(1, workers.canary + workers.replicas);
  if (canaryShare > workers.maxCanaryShare)
    fault(
      ["sizing", "workers", "canary"],
      `is ${workers.canary} beside ${workers.replicas} of the live slot, so a canary would take ${Math.round(100 * canaryShare)} % of the jobs; allowed is maxCanaryShare, ${Math.round(100 * workers.maxCanaryShare)} %`,
    );
  const seen = 180 + metrics.cloudwatch.settleSeconds;
  if (metrics.source === "cloudwatch" && gate.deadlineSeconds < seen)
    fault(
      ["gate", "deadlineSeconds"],
      `is ${gate.deadlineSeconds}, before CloudWatch has told of a canary; allowed is at least 180 and metrics.cloudwatch.settleSeconds, ${seen}`,
    );
  if (metrics.source === "prometheus" && metrics.url === undefined)
    fault(["metrics", "url"], "is missing: the address of Prometheus, which `metrics.source` names");
});
export type Settings = z.infer<typeof settings>;

/** Flags as a stack file has them, before defaults are filled in. */
export type WrittenFlags = NonNullable<z.input<typeof settings>["flags"]>;

/** Sizing as a stack file has it, before defaults are filled in. */
export type WrittenSizing = z.input<typeof settings>["sizing"];

export type { Issue };

/** Outcome of reading a config: the object, or every fault in it at once. */
export type Parsed = { ok: true; settings: Settings } | { ok: false; faults: Issue[] };

/**
 * Reads a whole config, the keys without their `deployment-safety:` prefix.
 * Defaults are filled in; unknown keys are faults, because a key that is misspelt would be unset, and unset is unsafe.
 */
export function parse(config: Record<string, unknown>): Parsed {
  const result = settings.safeParse(config, { error: knownKeys });
  if (result.success) return { ok: true, settings: result.data };
  return { ok: false, faults: describeIssues(result.error, config) };
}
