import { podLabels } from "../release/workloads";
import type { Declared, PolicyContext } from "../rule";
import { types } from "../types";

/** What the rules about a change have in common. */

/** Whether the stack is one of this project, so that there are release, evidence and parameters to ask. */
export const isConfigured = ({ config }: PolicyContext): boolean =>
  Object.keys(config).some((key) => key.startsWith("deployment-safety:"));

/** Whether a resource is the Job that migrates. */
export const isMigration = (resource: Declared): boolean =>
  resource.type === types.job && podLabels(resource)["app.kubernetes.io/component"] === "migrate";
