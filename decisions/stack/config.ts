import { z } from "zod";
import { addressSchema } from "./address";
import { alarmsSchema } from "../alarms/alarmsConfig";
import { changeWindowSchema } from "../approval/changeWindow";
import { flagsSchema, heldFlagsSchema } from "../flags/flagConfig";
import { gateSchema, sloSchema } from "../gate/gateConfig";
import { metricsSchema } from "../gate/metricsConfig";
import { commsSchema } from "../incident/comms";
import { describeIssues, knownKeys, type Issue } from "../text/issues";
import { recoverySchema } from "../recovery/recoveryConfig";
import { releaseSchema } from "../release/release";
import { sizingSchema } from "../release/sizing";

export { releaseSchema, type Release, type SlotRelease } from "../release/release";

/**
 * The stack's config as one typed object: which keys there are, what they allow, and their defaults.
 * Every key of `deployment-safety:` is here, or in a schema that is imported here: `flags/flagConfig.ts`,
 * `release/release.ts`, `release/sizing.ts`, `gate/gateConfig.ts`, `gate/metricsConfig.ts`, `alarms/alarmsConfig.ts`,
 * `approval/changeWindow.ts`, `incident/comms.ts`, `recovery/recoveryConfig.ts`. `Pulumi.yaml` only names them.
 */

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

const settingsFields = z.strictObject({
  release: releaseSchema,
  flags: flagsSchema,
  heldFlags: heldFlagsSchema,
  sizing: sizingSchema,
  slo: sloSchema,
  gate: gateSchema,
  metrics: metricsSchema,
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
  alarms: alarmsSchema,
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
  /** How people are notified. Absent: nobody is, and no notice to guardians can be sent. */
  comms: commsSchema.optional(),
  /** Stack whose `validated` output production takes releases from (A4); absent: this stack is the first stage. */
  promotedFrom: z.string().min(1).optional(),
});

/** The whole config, with what must hold between its keys. */
export const settings = settingsFields.superRefine(({ gate, metrics, sizing: { workers } }, context) => {
  const issue = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
  if (gate.deadlineSeconds < gate.holdSeconds)
    issue(
      ["gate", "deadlineSeconds"],
      `is ${gate.deadlineSeconds}, so a canary would end before it may be promoted; allowed is at least holdSeconds, ${gate.holdSeconds}`,
    );
  const canaryShare = workers.canary / Math.max(1, workers.canary + workers.replicas);
  if (canaryShare > workers.maxCanaryShare)
    issue(
      ["sizing", "workers", "canary"],
      `is ${workers.canary} beside ${workers.replicas} of the live slot, so a canary would take ${Math.round(100 * canaryShare)} % of the jobs; allowed is maxCanaryShare, ${Math.round(100 * workers.maxCanaryShare)} %`,
    );
  const seen = 180 + metrics.cloudwatch.settleSeconds;
  if (metrics.source === "cloudwatch" && gate.deadlineSeconds < seen)
    issue(
      ["gate", "deadlineSeconds"],
      `is ${gate.deadlineSeconds}, before CloudWatch has reported on a canary; allowed is at least 180 and metrics.cloudwatch.settleSeconds, ${seen}`,
    );
  if (metrics.source === "prometheus" && metrics.url === undefined)
    issue(["metrics", "url"], "is missing: the address of Prometheus, which `metrics.source` names");
});
export type Settings = z.infer<typeof settings>;
type Written = z.input<typeof settings>;

/** Flags as a stack file has them, before defaults are filled in. */
export type WrittenFlags = NonNullable<Written["flags"]>;

/** Sizing as a stack file has it, before defaults are filled in. */
export type WrittenSizing = Written["sizing"];

/**
 * Reads a whole config, the keys without their `deployment-safety:` prefix, or finds every issue in it at once.
 * Defaults are filled in; an unknown key is an issue, because a misspelt key would count as unset, which is unsafe.
 */
export function parse(
  config: Record<string, unknown>,
): { ok: true; settings: Settings } | { ok: false; issues: Issue[] } {
  const { success, data, error } = settings.safeParse(config, { error: knownKeys });
  return success ? { ok: true, settings: data } : { ok: false, issues: describeIssues(error, config) };
}
