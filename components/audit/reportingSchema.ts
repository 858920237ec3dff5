import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as batch from "@pulumi/kubernetes/batch/v1";
import type { Settings } from "../../decisions/stack/config";
import { jobArgs } from "../database/jobArgs";

export interface ReportingSchemaArgs {
  stack: string;
  settings: Settings;
  /** Image that has `reporting/` beside `migrations/`. */
  image: string;
  /** What has to be there before: the roles that the schema is made for. */
  after: Resource[];
}

/** Newest revision of `reporting/revisions`; a new one makes a new Job. */
const revision = "0001";

/** Seconds that the schema's migration may take, and that Pulumi waits beyond. */
const [limitSeconds, patienceSeconds] = [300, 120];

/**
 * Brings the schema `reporting` up, in a Job of its own, once for each of its revisions. It is never taken down: a rollback
 * of the application must not touch the records of why it was needed.
 *
 * The application's own migration comes after it, for both take one lock, and not the other way round: grants on the records
 * wait for this Job, a way back leaves the grants out, and Pulumi deletes nothing that what is left out depends on. Jobs of
 * migrations that failed would stay, and be taken for the next try.
 */
export class ReportingSchema extends ComponentResource {
  constructor(
    name: string,
    { stack, settings, image, after }: ReportingSchemaArgs,
    options?: ComponentResourceOptions,
  ) {
    super("deployment-safety:components:ReportingSchema", name, {}, options);
    const place = { stack, settings, component: "migrate" } as const;
    new batch.Job(
      `${name}-job`,
      jobArgs(place, {
        name: `reporting-${revision}`,
        image,
        command: ["alembic", "-c", "reporting/alembic.ini", "upgrade", revision],
        limitSeconds,
        retries: 0,
        annotation: "pulumi.com/replaceUnready",
      }),
      {
        parent: this,
        dependsOn: after,
        // The image is that of the release which first brought the revision; later ones have nothing to do.
        ignoreChanges: ["spec.template"],
        customTimeouts: { create: `${limitSeconds + patienceSeconds}s` },
      },
    );
    this.registerOutputs();
  }
}
