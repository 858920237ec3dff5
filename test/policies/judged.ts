import * as liveState from "../../policies/approval/liveState";
import { settingsOf } from "../../policies/pack";
import { type Declared, type Rule, type PolicyContext, type Violation, sentence } from "../../policies/rule";
import type { Properties } from "../../policies/propertyValues";

/** Runs rules over stacks in process. */

/** A resource of a stack under test; what is left out is empty. */
export interface Given {
  type: string;
  name: string;
  properties: Properties;
  protect?: boolean;
  /** Logical names of the resources that a property was made from. */
  references?: Record<string, string[]>;
}

const urn = (type: string, name: string): string => `urn:pulumi:prod::school::${type}::${name}`;

/** The resources as the engine would hand them over. */
export const declared = (given: readonly Given[]): Declared[] =>
  given.map(({ type, name, properties, protect = false, references = {} }) => ({
    type,
    name,
    urn: urn(type, name),
    properties,
    protect,
    references: Object.fromEntries(
      Object.entries(references).map(([key, names]) => [
        key,
        names
          .map((target) => given.find((one) => one.name === target))
          .map((one) => urn(one?.type ?? "", one?.name ?? "")),
      ]),
    ),
  }));

/** A violation with the policy that found it. */
export interface Broken extends Violation {
  id: string;
  text: string;
}

export const policyContext: PolicyContext = {
  now: new Date("2026-11-24T12:00:00Z"),
  stack: "prod",
  isPreview: false,
  config: {},
  root: "",
  parameters: () => Promise.resolve(new Map()),
  liveState: () => liveState,
};

/** Every violation of `rules` in the stack, with settings by policy. */
export async function broken(
  rules: readonly Rule[],
  given: readonly Given[],
  { settings = {}, ...changes }: Partial<PolicyContext> & { settings?: Record<string, object> } = {},
): Promise<Broken[]> {
  const resources = declared(given);
  const found: Broken[] = [];
  const now = { ...policyContext, ...changes };
  for (const rule of rules) {
    const report = (resource: Declared | undefined, violation: Violation) =>
      found.push({ id: rule.id, ...violation, text: sentence(resource?.name ?? "The stack", violation) });
    const values = settingsOf(rule, settings[rule.id]) as never;
    if ("checkStack" in rule) await rule.checkStack(resources, report, values, now);
    else
      for (const resource of resources.filter(({ type }) => rule.types.includes(type)))
        await rule.check(resource, report, values, now);
  }
  return found;
}

/** The ids of the policies that a stack breaks, each once, sorted. */
export const brokenIds = async (...args: Parameters<typeof broken>): Promise<string[]> =>
  [...new Set((await broken(...args)).map(({ id }) => id))].sort();

/**
 * A copy of the stack in which one property has another value; `undefined` removes it. The path begins with the logical
 * name: `plan.rules[0].schedule`.
 */
export function changed(given: readonly Given[], path: string, value: unknown): Given[] {
  const [name = "", ...rest] = path.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
  const copy = structuredClone(given) as Given[];
  const target = copy.find((one) => one.name === name);
  if (!target) throw new Error(`no resource ${name}; there are ${copy.map((one) => one.name).join(", ")}`);
  if (rest[0] === "protect") target.protect = value === true;
  else {
    const last = rest.pop() ?? "";
    const at = rest.reduce<Record<string, unknown>>(
      (inner, key) => {
        if (typeof inner[key] !== "object" || inner[key] === null) throw new Error(`${path} is not there`);
        return inner[key] as Record<string, unknown>;
      },
      target.properties as Record<string, unknown>,
    );
    if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return copy;
}
