import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import * as ssm from "@pulumi/aws/ssm";
import type { Settings } from "../../decisions/stack/config";
import { flagsAsPublished } from "../../decisions/flags/flags";
import { parameters } from "../../decisions/stack/names";
import type { RevisionGraph } from "../../decisions/database/revisionGraph";
import { flagConditions } from "../../decisions/flags/flagConditions";

export interface FeatureFlagsArgs {
  stack: string;
  settings: Pick<Settings, "flags" | "heldFlags" | "release">;
  /** The graph of the schema's revisions, for flags that need one of them. */
  revisions: RevisionGraph;
  /** What must be done before a flag is published: an upgrade of the database. */
  after: Resource[];
}

/**
 * One parameter per flag, in flagd's format, which web and workers poll by path (A1).
 *
 * decisions/flags/flags.ts decides what is published. A flag is off if it is risky and `validated` is not the live digest (A2),
 * if it is held, or if the database lacks its revision. Otherwise its roles, its cohorts and a share by a stable hash get
 * it (A3).
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
          // Previews show it, because a reviewer must see who gets a feature; a flag holds no secret.
          insecureValue: JSON.stringify(content),
          // Otherwise an update killed between writing and recording it would make the next one fail.
          overwrite: true,
        },
        { parent: this, dependsOn: after },
      );
    }
    this.registerOutputs();
  }
}
