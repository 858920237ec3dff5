import type { Resource } from "@pulumi/pulumi";
import * as ssm from "@pulumi/aws/ssm";
import type { Settings } from "../../decisions/stack/config";
import { protectionStateOf } from "../../decisions/approval/protectionState";
import { parameters } from "../../decisions/stack/names";

/**
 * Publishes the protection against irreversible changes that this update leaves in force, so that a later stack file cannot
 * silently drop it.
 * @param backups their vault lock must be in force before this says that it is
 */
export const publishProtection = (stack: string, settings: Settings, backups: Resource): ssm.Parameter =>
  new ssm.Parameter(
    "published-guard",
    {
      name: parameters.guard(stack),
      description: "What is in force against irreversible changes. Written by pulumi up; see docs/adopt.md.",
      type: "String",
      insecureValue: JSON.stringify(protectionStateOf(stack, settings)),
      overwrite: true,
    },
    { dependsOn: [backups] },
  );
