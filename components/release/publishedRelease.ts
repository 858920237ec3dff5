import type { Resource } from "@pulumi/pulumi";
import * as ssm from "@pulumi/aws/ssm";
import type { Release } from "../../decisions/stack/config";
import { parameters } from "../../decisions/stack/names";

/** What is published, and what comes before. */
export interface PublishedReleaseArgs {
  stack: string;
  release: Release;
  /** Everything else in the update: the release is published only after all of it. */
  after: Resource[];
}

/**
 * Publishes the release as applied. The next run of the program compares its stack file with it, so it is written last: an
 * update that fails before has published nothing, and the same step may be tried again.
 */
export function publishRelease({ stack, release, after }: PublishedReleaseArgs): ssm.Parameter {
  return new ssm.Parameter(
    "published-release",
    {
      name: parameters.release(stack),
      description: "The release as applied by the newest update. Written by pulumi up; never by hand.",
      type: "String",
      insecureValue: JSON.stringify(release),
      overwrite: true,
    },
    { dependsOn: after },
  );
}
