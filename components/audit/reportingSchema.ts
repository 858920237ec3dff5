import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as batch from "@pulumi/kubernetes/batch/v1";
import type { Settings } from "../../decisions/stack/config";
import { jobArgs } from "../database/jobArgs";

export interface ReportingSchemaArgs {
  stack: string;
  settings: Settings;
  /** Image that has `reporting/` beside `migrations/`. */
  image: string;
  /** What must exist before: the roles that the schema grants rights to. */
  after: Resource[];
}

/** Newest revision of `reporting/revisions`; each new one gets a new Job. */
const revision = "0001";

/** Seconds that the schema's migration may take, and that Pulumi waits beyond that. */
const [limitSeconds, patienceSeconds] = [300, 120];

/**
 * Upgrades the schema `reporting` in a Job of its own, once for each of its revisions. It is never downgraded: a rollback of
 * the application must not touch the records of why it was needed.
 *
 * The application's own migration runs after it, because both take the same lock. The order must not be reversed: grants on the
 * records wait for this Job, a rollback leaves the grants out, and Pulumi deletes nothing that a resource left out depends on.
 * Jobs of failed migrations would therefore stay, and be taken for the next try.
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
        // The image is that of the first release with the revision; later releases have nothing to do.
        ignoreChanges: ["spec.template"],
        customTimeouts: { create: `${limitSeconds + patienceSeconds}s` },
      },
    );
    this.registerOutputs();
  }
}
