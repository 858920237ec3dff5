import { createRequire } from "node:module";
import { dirname } from "node:path";
import type {
  Policies,
  PolicyConfigSchema,
  ReportViolation as ReportToEngine,
  ResourceValidation,
} from "@pulumi/policy";
import { settingIssues } from "./configFile";
import {
  type Declared,
  type LiveState,
  type ReportViolation,
  type Rule,
  type PolicyContext,
  sentence,
} from "./rule";
import { readAll } from "./parameters";
import { plain } from "./propertyValues";

/** Hands the rules to the policy runtime. */

/** Where a violation sends its reader. */
const documentation = "docs/policies.md";

/** Reads what the engine passes in environment variables. If they are unset an update is assumed, the stricter case. */
export function policyContext(environment: NodeJS.ProcessEnv, now: Date): PolicyContext {
  return {
    now,
    stack: environment.PULUMI_STACK ?? "",
    isPreview: environment.PULUMI_DRY_RUN === "true",
    config: JSON.parse(environment.PULUMI_CONFIG || "{}") as Record<string, string>,
    // The pack runs in its own folder, inside the project's.
    root: dirname(process.cwd()),
    parameters: () => readAll(environment.PULUMI_STACK ?? "", now),
    liveState: () => createRequire(__filename)("./approval/liveState") as LiveState,
  };
}

/**
 * A rule's settings: its defaults, overridden by `given`.
 * @throws Error that names a setting which the rule does not have: the engine would ignore it.
 */
export function settingsOf(rule: Rule, given: object = {}): Record<string, unknown> {
  const issues = settingIssues(rule, given);
  if (issues.length > 0)
    throw new Error(`Invalid policy config: ${issues.map((issue) => `${rule.id}.${issue}`).join("; ")}`);
  return {
    ...Object.fromEntries(
      Object.entries(rule.settings ?? {}).map(([name, { default: value }]) => [name, value]),
    ),
    ...given,
  };
}

/** A rule's level unless a config file sets another. */
export const levelOf = (rule: Rule, isPreview: boolean): "advisory" | "mandatory" =>
  rule.level === "advisory" || (rule.isAdvisoryInPreview && isPreview) ? "advisory" : "mandatory";

/** Turns rules into policies of the runtime. `read` is called again for each check, because an update may take long. */
export const policies = (rules: readonly Rule[], read: () => PolicyContext): Policies =>
  rules.map((rule) => {
    const { id, description, severity, remedy, area, settings } = rule;
    const common = {
      name: id,
      description,
      severity,
      remediationSteps: remedy,
      tags: [area],
      url: `${documentation}#${id}`,
      enforcementLevel: levelOf(rule, read().isPreview),
      ...(settings && { configSchema: { properties: settings } as PolicyConfigSchema }),
    };
    if ("checkStack" in rule)
      return {
        ...common,
        validateStack: async (args, reportViolation) =>
          rule.checkStack(
            args.resources.map(({ type, name, urn, props, opts, propertyDependencies }): Declared => ({
              type,
              name,
              urn,
              properties: plain(props),
              protect: opts.protect,
              references: Object.fromEntries(
                Object.entries(propertyDependencies).map(([key, targets]) => [
                  key,
                  targets.map((one) => one.urn),
                ]),
              ),
            })),
            reporter(reportViolation),
            settingsOf(rule, args.getConfig()) as never,
            read(),
          ),
      };
    return {
      ...common,
      validateResource: onlyOf(rule.types, async (args, reportViolation) => {
        const { type, name, urn, props, opts } = args;
        if (!rule.types.includes(type)) return;
        const resource = { type, name, urn, properties: plain(props), protect: opts.protect, references: {} };
        await rule.check(
          resource,
          reporter(reportViolation),
          settingsOf(rule, args.getConfig()) as never,
          read(),
        );
      }),
    };
  });

/**
 * Tells the runtime which type a policy is for, if it is only one, so that it does not unpack the properties of all other
 * resources. The runtime's own `validateResourceOfType` sets the same mark.
 */
function onlyOf(types: readonly string[], validate: ResourceValidation): ResourceValidation {
  return types.length === 1 ? Object.assign(validate, { __pulumiType: types[0] }) : validate;
}

const reporter =
  (reportViolation: ReportToEngine): ReportViolation =>
  (resource, violation) =>
    reportViolation(
      sentence(resource ? `${resource.type.split(":").at(-1)} ${resource.name}` : "The stack", violation),
      resource?.urn,
    );
