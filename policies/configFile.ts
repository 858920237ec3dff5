import { isObject } from "./propertyValues";
import type { Rule } from "./rule";

/** What the engine does not check of a policy config file: it passes over what it does not know. */

const levels = ["advisory", "mandatory", "remediate", "disabled"];

/** Every policy and every setting that does not exist, with its path; [] for a file in which all of them do. */
export function configIssues(file: unknown, rules: readonly Rule[]): string[] {
  if (!isObject(file)) return ["the file must be one JSON object, policy to level or settings"];
  const known = new Map(rules.map((rule) => [rule.id, rule]));
  return Object.entries(file).flatMap(([id, given]) => {
    if (id === "all")
      return levels.includes(String(given)) ? [] : [`all: must be one of ${levels.join(", ")}`];
    // Of the engine's own.
    if (id === "environments" || id === "policyConfig") return [];
    const rule = known.get(id);
    if (!rule) return [`${id}: there is no such policy; there are ${[...known.keys()].join(", ")}`];
    return isObject(given) ? settingIssues(rule, given).map((fault) => `${id}.${fault}`) : [];
  });
}

/**
 * A config file with a level in each entry: the pack's SDK takes an entry that has settings and no level for advisory, and
 * the policy would only report. Absent, it is the file's `all`, else the policy's own by `levelOf`.
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

/** Settings that a policy does not have. */
export function settingIssues({ settings = {} }: Rule, given: object): string[] {
  const allowed = ["enforcementLevel", ...Object.keys(settings)];
  return Object.keys(given)
    .filter((name) => !allowed.includes(name))
    .map((name) => `${name}: is no setting of it; allowed are ${allowed.join(", ")}`);
}
