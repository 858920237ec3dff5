import { isObject } from "./propertyValues";
import type { Rule } from "./rule";

/** Checks a policy config file for what the engine ignores: policies and settings that do not exist. */

const levels = ["advisory", "mandatory", "remediate", "disabled"];

/** Every policy and setting that does not exist, with its path; [] if all of them do. */
export function configIssues(file: unknown, rules: readonly Rule[]): string[] {
  if (!isObject(file)) return ["the file must be one JSON object, policy to level or settings"];
  const known = new Map(rules.map((rule) => [rule.id, rule]));
  return Object.entries(file).flatMap(([id, given]) => {
    if (id === "all")
      return levels.includes(String(given)) ? [] : [`all: must be one of ${levels.join(", ")}`];
    // These belong to the engine.
    if (id === "environments" || id === "policyConfig") return [];
    const rule = known.get(id);
    if (!rule) return [`${id}: there is no such policy; there are ${[...known.keys()].join(", ")}`];
    return isObject(given) ? settingIssues(rule, given).map((issue) => `${id}.${issue}`) : [];
  });
}

/**
 * Gives every entry of a config file a level: the file's `all`, else the policy's own by `levelOf`. The SDK takes an entry
 * that has settings but no level for advisory, so the policy would only report.
 */
export function withLevels(
  file: Readonly<Record<string, unknown>>,
  rules: readonly Rule[],
  levelOf: (rule: Rule) => string,
): Record<string, unknown> {
  const own = new Map(rules.map((rule) => [rule.id, levelOf(rule)]));
  return Object.fromEntries(
    Object.entries(file).map(([id, given]) => [
      id,
      isObject(given) && own.has(id) ? { enforcementLevel: file.all ?? own.get(id), ...given } : given,
    ]),
  );
}

/** Names the settings that a policy does not have. */
export function settingIssues({ settings = {} }: Rule, given: object): string[] {
  const allowed = ["enforcementLevel", ...Object.keys(settings)];
  return Object.keys(given)
    .filter((name) => !allowed.includes(name))
    .map((name) => `${name}: is no setting of it; allowed are ${allowed.join(", ")}`);
}
