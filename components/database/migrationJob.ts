import { createHash } from "node:crypto";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as batch from "@pulumi/kubernetes/batch/v1";
import type { Release, Settings } from "../../decisions/stack/config";
import { digest, hex } from "../../decisions/release/digest";
import { revisionsVariable } from "../../decisions/database/jobRevisions";
import { jobArgs } from "./jobArgs";

/** Where the database is to be and the image that takes it there. */
export type Migration = NonNullable<Release["migration"]>;

export interface MigrationJobArgs {
  stack: string;
  settings: Settings;
  migration: Migration;
  /** The revisions that were proved and reviewed, with the hash of each, as {@link jobRevisions} writes them; "" not known. */
  revisions: string;
  /** What has to be done before the Job starts: before a downgrade, flags that need the revision that goes. */
  after: Resource[];
}

/** By it the Job knows which rows a person agreed to lose; migrations/safe/loss.py reads it. */
const lossVariable = "MIGRATION_APPROVE_LOSS";

/** Seconds that Pulumi waits beyond the Job's own limit: image pull, scheduling, and the API. */
const patienceSeconds = 120;

/**
 * Name of a migration's Job: the same for the same act, so that an update that is run again finds it, and a new one for
 * every other, because a Job cannot be changed. At most 63 characters, the limit of a label.
 */
export function migrationJobName(migration: Migration): string {
  const { revision, image, downgradeFrom } = migration;
  const act = downgradeFrom === undefined ? ["migrate"] : ["downgrade", downgradeFrom];
  const loss = lossText(migration);
  const imageHex = hex(digest(image));
  const whole = [...act, revision, imageHex.slice(0, 8)].join("-").replaceAll("_", "-");
  // Two long revision ids do not fit; a hash of both keeps two different acts apart.
  if (loss === "" && whole.length <= 63 && !`${downgradeFrom ?? ""}${revision}`.includes("_")) return whole;
  const hash = createHash("sha256")
    .update([...act, revision, imageHex, ...(loss ? [loss] : [])].join(" "))
    .digest("hex")
    .slice(0, 8);
  return `${whole.slice(0, 54).replace(/-+$/, "")}-${hash}`;
}

/** What the Job's own variable says of the rows that may be lost; "" none. */
const lossText = ({ approvedLoss = {} }: Migration): string =>
  Object.entries(approvedLoss)
    .map(([revision, rows]) => `${revision}:${rows}`)
    .sort()
    .join(",");

/**
 * Takes the database to one revision, in a Job that an update waits for: up, or down where `downgradeFrom` says so.
 *
 * A Job that fails fails the update, and the update shows its last lines (`FallbackToLogsOnError`). Kubernetes keeps a
 * failed Job as it is and Pulumi would only await it again, so `replaceUnready` makes the next update run a new one.
 * There is one try and no back-off: a migration that failed half-way is looked at before it is run again.
 *
 * The image may be of another commit than the checkout that the proofs were read from, so the Job is told the hashes and
 * runs no other revision. From a checkout with other files an update runs the Job once more; the database is there already
 * then, and nothing is left to run or to compare.
 */
export class MigrationJob extends ComponentResource {
  /** The Job, for what has to wait until the database is where it should be. */
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
