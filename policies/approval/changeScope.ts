import { ownEntries } from "../../decisions/stack/configKeys";
import { podLabels } from "../release/workloads";
import type { Declared, PolicyContext } from "../rule";
import { types } from "../types";

/** Which resources and stacks the approval rules are about. */

/** Whether the stack belongs to this project, so that it has a release, evidence and parameters. */
export const isConfigured = ({ config }: PolicyContext): boolean => ownEntries(config).length > 0;

/** Whether a resource is the Job that migrates. */
export const isMigration = (resource: Declared): boolean =>
  resource.type === types.job && podLabels(resource)["app.kubernetes.io/component"] === "migrate";
