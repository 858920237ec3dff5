import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsOf } from "../../policies/pack";
import type { Declared, ReportViolation, Rule, PolicyContext } from "../../policies/rule";
import { plain, type Properties } from "../../policies/propertyValues";

/** A stack as the recorder wrote it down, and the rules over it in process. */

/** One resource: what was declared, and what the provider made of it. */
export interface Recorded {
  type: string;
  name: string;
  urn: string;
  protect: boolean;
  inputs: Properties;
  outputs: Properties;
  references: Record<string, string[]>;
}

/** The recorded preview of prod. */
export const recordedProd = (): Recorded[] =>
  JSON.parse(readFileSync(join(__dirname, "prod.json"), "utf8")) as Recorded[];

/** Settings by policy. */
export type Settings = Readonly<Record<string, unknown>>;

/** The settings of `policies/<stack>.json`. */
export const policyConfig = (stack: string): Settings =>
  JSON.parse(readFileSync(join(__dirname, "../../policies", `${stack}.json`), "utf8")) as Settings;

/** Ids of the mandatory rules that a recorded stack breaks, with the first message of each. */
export async function judge(
  rules: readonly Rule[],
  recorded: readonly Recorded[],
  settings: Settings,
  context: PolicyContext,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const view = (properties: (one: Recorded) => Properties): Declared[] =>
    recorded.map((one) => ({ ...one, properties: plain(properties(one)) }));
  const [before, after] = [view(({ inputs }) => inputs), view(({ outputs }) => outputs)];
  for (const rule of rules) {
    const given = settings[rule.id];
    const isAdvisory = (given as { enforcementLevel?: string } | undefined)?.enforcementLevel ?? rule.level;
    if (
      isAdvisory === "advisory" ||
      isAdvisory === "disabled" ||
      given === "advisory" ||
      given === "disabled"
    )
      continue;
    const values = settingsOf(rule, typeof given === "object" && given !== null ? given : {}) as never;
    const report: ReportViolation = (resource, { at, found: what, required }) => {
      if (!found.has(rule.id))
        found.set(rule.id, `${resource?.name ?? "stack"} ${at ?? ""}: ${what}; ${required}`);
    };
    if ("checkStack" in rule) await rule.checkStack(after, report, values, context);
    else
      for (const resource of before.filter(({ type }) => rule.types.includes(type)))
        await rule.check(resource, report, values, context);
  }
  return found;
}
