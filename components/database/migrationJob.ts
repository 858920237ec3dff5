import { createHash } from "node:crypto";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as batch from "@pulumi/kubernetes/batch/v1";
import type { Release, Settings } from "../../decisions/stack/config";
import { digest, hex } from "../../decisions/release/digest";
import { revisionsVariable } from "../../decisions/database/jobRevisions";
import { jobArgs } from "./jobArgs";

/** The revision that the database should be at, and the image that takes it there. */
export type Migration = NonNullable<Release["migration"]>;

export interface MigrationJobArgs {
  stack: string;
  settings: Settings;
  migration: Migration;
  /** The revisions that were proved and reviewed, with the hash of each, as {@link jobRevisions} writes them; "" if unknown. */
  revisions: string;
  /** What must be done before the Job starts: before a downgrade, the flags that need the old revision go off. */
  after: Resource[];
}

/** Tells the Job which rows a person agreed to lose; migrations/safe/loss.py reads it. */
const lossVariable = "MIGRATION_APPROVE_LOSS";

/** Seconds that Pulumi waits beyond the Job's own limit: image pull, scheduling, and the API. */
const patienceSeconds = 120;

/**
 * Name of a migration's Job: the same for the same migration, so that a repeated update finds it, and a new one for any other,
 * because a Job cannot be changed. At most 63 characters, the limit of a label.
 */
export function migrationJobName(migration: Migration): string {
  const { revision, image, downgradeFrom } = migration;
  const act = downgradeFrom === undefined ? ["migrate"] : ["downgrade", downgradeFrom];
  const loss = lossText(migration);
  const imageHex = hex(digest(image));
  const whole = [...act, revision, imageHex.slice(0, 8)].join("-").replaceAll("_", "-");
  // Two long revision ids do not fit; a hash of both keeps different migrations apart.
  if (loss === "" && whole.length <= 63 && !`${downgradeFrom ?? ""}${revision}`.includes("_")) return whole;
  const hash = createHash("sha256")
    .update([...act, revision, imageHex, ...(loss ? [loss] : [])].join(" "))
    .digest("hex")
    .slice(0, 8);
  return `${whole.slice(0, 54).replace(/-+$/, "")}-${hash}`;
}

/** The rows that may be lost, as the Job's variable has them; "" for none. */
const lossText = ({ approvedLoss = {} }: Migration): string =>
  Object.entries(approvedLoss)
    .map(([revision, rows]) => `${revision}:${rows}`)
    .sort()
    .join(",");

/**
 * Takes the database to one revision, in a Job that an update waits for: an upgrade, or a downgrade if `downgradeFrom` is set.
 *
 * A failed Job fails the update, which shows the Job's last lines (`FallbackToLogsOnError`). Kubernetes keeps a failed Job and
 * Pulumi would only wait for it again, so `replaceUnready` makes the next update run a new one. There is one try and no
 * back-off: somebody must look at a migration that failed half-way before it runs again.
 *
 * The image may come from another commit than the checkout that the proofs were read from, so the Job gets the hashes and runs
 * no other revision. An update from a checkout with other files runs the Job once more; the database is at its revision by
 * then, so nothing is left to run or to compare.
 */
export class MigrationJob extends ComponentResource {
  /** The Job, for whatever must wait until the database is at its revision. */
  readonly job: batch.Job;

  constructor(
    name: string,
    { stack, settings, migration, revisions, after }: MigrationJobArgs,
    options?: ComponentResourceOptions,
  ) {
    super("deployment-safety:components:MigrationJob", name, {}, options);
    const place = { stack, settings, component: "migrate" } as const;
    const { migrationSeconds } = settings.database;
    const limit = `${migrationSeconds + patienceSeconds}s`;
    const loss = lossText(migration);
    const direction = migration.downgradeFrom === undefined ? "upgrade" : "downgrade";
    this.job = new batch.Job(
      `${name}-job`,
      jobArgs(place, {
        name: migrationJobName(migration),
        image: migration.image,
        command: ["alembic", direction, migration.revision],
        environment: [
          ...(loss ? [{ name: lossVariable, value: loss }] : []),
          ...(revisions ? [{ name: revisionsVariable, value: revisions }] : []),
        ],
        limitSeconds: migrationSeconds,
        retries: 0,
        annotation: "pulumi.com/replaceUnready",
      }),
      { parent: this, dependsOn: after, customTimeouts: { create: limit, update: limit } },
    );
    this.registerOutputs({ job: this.job.metadata.name });
  }
}
