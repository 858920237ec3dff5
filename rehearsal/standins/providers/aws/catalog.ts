/** Reads catalog.yaml: which AWS resource types the rehearsal knows, their limits, and their outputs. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { pathText } from "../diff";
import type { Failure } from "../provider";
import { isObject, unknown, type Json, type Props } from "../wire";

/** One entry of catalog.yaml, where the fields are explained. */
export interface ResourceType {
  rules: Record<string, string>;
  forceNew: string[] | "*";
  autoname?: string;
  kept?: Props & { id: string };
}

export const catalog = parse(readFileSync(join(__dirname, "catalog.yaml"), "utf8")) as Readonly<
  Record<string, ResourceType>
>;

/** The entry of a type token. Throws, naming all that there are, if there is none. */
export function typeOf(type: string): ResourceType {
  const known = catalog[type];
  if (known) return known;
  const all = Object.keys(catalog).join(", ");
  throw new Error(
    `The rehearsal has no ${type}. It knows ${all}; one is added in rehearsal/standins/providers/aws/catalog.yaml.`,
  );
}

/** What is wrong with a value; undefined if nothing is. */
function broken(rule: string, value: Json): string | undefined {
  const [, low, high, entries] = /^(\d+) to (\d+)( entries)?$/.exec(rule) ?? [];
  const [, pattern = "", flags, words] = /^\/(.*)\/(i?) (.*)$/.exec(rule) ?? [];
  if (low !== undefined) {
    const number = entries ? (value as Json[]).length : Number(value);
    return number >= Number(low) && number <= Number(high) ? undefined : `it must be ${rule}`;
  }
  if (words !== undefined)
    return new RegExp(pattern, flags).test(String(value)) ? undefined : `it must be ${words}`;
  if (rule.startsWith("one of "))
    return rule.split(" ").slice(2).includes(String(value)) ? undefined : `it must be ${rule}`;
  if (rule === "period") {
    const fits = [10, 20, 30].includes(Number(value)) || (Number(value) > 0 && Number(value) % 60 === 0);
    return fits ? undefined : "it must be 10, 20, 30 or a multiple of 60 seconds";
  }
  if (rule !== "json") throw new Error(`catalog.yaml has the rule "${rule}", which is none.`);
  try {
    return void JSON.parse(String(value));
  } catch (error) {
    return `it must be JSON (${(error as Error).message})`;
  }
}

/** Values at a path in which `[]` stands for every entry of a list, with their concrete paths; unknown ones are left out. */
function valuesAt(
  value: Json | undefined,
  parts: string[],
  path: (string | number)[] = [],
): [string, Json][] {
  const [part, ...rest] = parts;
  if (value === undefined || value === unknown) return [];
  if (part === undefined) return [[pathText(path), value]];
  if (part === "[]")
    return Array.isArray(value) ? value.flatMap((entry, i) => valuesAt(entry, rest, [...path, i])) : [];
  return isObject(value) ? valuesAt(value[part], rest, [...path, part]) : [];
}

/** Every value that breaks a rule of its type. */
export const brokenRules = ({ rules }: ResourceType, inputs: Props): Failure[] =>
  Object.entries(rules).flatMap(([path, rule]) =>
    valuesAt(inputs, path.replaceAll("[]", ".[]").split(".")).flatMap(([property, value]) => {
      const wrong = broken(rule, value);
      return wrong === undefined
        ? []
        : [{ property, reason: `${property} is ${JSON.stringify(value)}; ${wrong}` }];
    }),
  );

/** Outputs of a type that is kept in state, `id` among them. */
export function keptOutputs(
  kept: Props & { id: string },
  inputs: Props,
  place: { region: string; account: string },
) {
  const facts: Props = { ...inputs, ...place, uuid: randomUUID(), now: new Date().toISOString() };
  const filled = (text: string) =>
    text.replace(/\{(\w+)\|?(.*?)\}/g, (_, key: string, otherwise: string) =>
      String(facts[key] ?? otherwise),
    );
  const entries = Object.entries(kept).map(([key, value]) => [
    key,
    typeof value === "string" ? filled(value) : value,
  ]);
  return Object.fromEntries(entries) as Props & { id: string };
}
