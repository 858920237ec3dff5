import type { Resource } from "@pulumi/pulumi";
import * as ssm from "@pulumi/aws/ssm";
import type { Release } from "../../decisions/stack/config";
import { parameters } from "../../decisions/stack/names";

/** What is published, and after what. */
export interface PublishedReleaseArgs {
  stack: string;
  release: Release;
  /** Everything else of the update: the release is published only after all of it is done. */
  after: Resource[];
}

/**
 * The release as applied. The next run of the program compares its stack file with this, so it is written last of all:
 * an update that fails on the way has published nothing, and the same step may be tried again.
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
