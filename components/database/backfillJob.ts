import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as batch from "@pulumi/kubernetes/batch/v1";
import { backfillJobName, type DueBackfill } from "../../decisions/database/backfills";
import type { Settings } from "../../decisions/stack/config";
import { shortTimeout } from "../release/timeouts";
import { jobArgs } from "./jobArgs";

export interface BackfillJobArgs {
  stack: string;
  settings: Settings;
  backfill: DueBackfill;
  /** What must exist first: the release whose code writes the new column, and the flag. */
  after: Resource[];
}

/** Longest run of a backfill, seconds: a week, in which its flag may be off for as long as people want. */
const longestSeconds = 604_800;

/**
 * Runs a backfill that a revision declares, in a Job that no update waits for: it may take hours. Its flag pauses and resumes
 * it.
 *
 * A lost pod is replaced, up to six times, and resumes after the last finished row. An update that no longer declares the
 * backfill deletes the Job and its pod; no work is lost then either.
 */
export class BackfillJob extends ComponentResource {
  /** The Job. */
  readonly job: batch.Job;

  constructor(
    name: string,
    { stack, settings, backfill, after }: BackfillJobArgs,
    options?: ComponentResourceOptions,
  ) {
    super("deployment-safety:components:BackfillJob", name, {}, options);
    const place = { stack, settings, component: "backfill" } as const;
    const { flag, ratePerSecond, batch: rows } = backfill;
    this.job = new batch.Job(
      `${name}-job`,
      jobArgs(place, {
        name: backfillJobName(backfill),
        image: backfill.image,
        command: [
          "python",
          "-m",
          "migrations.safe.backfill",
          backfill.name,
          ...["--flag", flag],
          ...["--rate", String(ratePerSecond)],
          ...["--batch", String(rows)],
          ...["--patience", String(longestSeconds)],
        ],
        limitSeconds: longestSeconds,
        retries: 6,
        annotation: "pulumi.com/skipAwait",
      }),
      { parent: this, dependsOn: after, customTimeouts: { create: shortTimeout, delete: shortTimeout } },
    );
    this.registerOutputs({ job: this.job.metadata.name });
  }
}
