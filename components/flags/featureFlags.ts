import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as ssm from "@pulumi/aws/ssm";
import type { Settings } from "../../decisions/stack/config";
import { flagsAsPublished } from "../../decisions/flags/flags";
import { parameters } from "../../decisions/stack/names";
import { flagConditions, type RevisionParents } from "../../decisions/database/revisionTree";

export interface FeatureFlagsArgs {
  stack: string;
  settings: Pick<Settings, "flags" | "heldFlags" | "release">;
  /** What each revision of the schema builds on, for flags that need one. */
  revisions: RevisionParents;
  /** What has to be done before a flag is published: a migration up. */
  after: Resource[];
}

/**
 * One parameter a flag, in flagd's format, which the application and the workers poll by path (A1).
 *
 * What is published is decided in decisions/flags/flags.ts: a risky flag is off until `validated` is the live digest (A2), a
 * held flag is off whatever `flags` says, one whose revision the database has not is off, and roles, cohorts and a share by
 * a stable hash get the rest (A3).
 */
export class FeatureFlags extends ComponentResource {
  constructor(
    name: string,
    { stack, settings, revisions, after }: FeatureFlagsArgs,
    options?: ComponentResourceOptions,
  ) {
    super("deployment-safety:components:FeatureFlags", name, {}, options);
    const { flags, heldFlags, release } = settings;
    const published = flagsAsPublished(flags, heldFlags, flagConditions(release, revisions));
    for (const [flag, content] of published) {
      new ssm.Parameter(
        `${name}-${flag}`,
        {
          name: parameters.flag(stack, flag),
          description: `Feature flag ${flag}, in flagd's format. Written by pulumi up; change it in Pulumi.${stack}.yaml.`,
          type: "String",
          // Shown in previews, because the reviewer has to see who gets a feature; there is no secret in a flag.
          insecureValue: JSON.stringify(content),
          // An update that was killed between writing and recording it must not make the next one fail.
          overwrite: true,
        },
        { parent: this, dependsOn: after },
      );
    }
    this.registerOutputs();
  }
}
