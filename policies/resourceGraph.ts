import type { Declared } from "./rule";
import { isSet, unknown, valueAt } from "./propertyValues";

/** How the resources of a stack refer to each other. */

/** Yes, no, or only known after the update. */
export type Answer = "yes" | "no" | "unknown";

/** Whether at least one of several answers is yes. */
export const any = (answers: readonly Answer[]): Answer =>
  answers.includes("yes") ? "yes" : answers.includes("unknown") ? "unknown" : "no";

/** Whether all of several answers are yes. */
export const all = (answers: readonly Answer[]): Answer =>
  answers.includes("no") ? "no" : answers.includes("unknown") ? "unknown" : "yes";

export const answer = (is: boolean): Answer => (is ? "yes" : "no");

export const ofType = (resources: readonly Declared[], ...wanted: readonly string[]): Declared[] =>
  resources.filter(({ type }) => wanted.includes(type));

/** Outputs by which other resources name one. */
const identities = "arn id name backupVaultArn planId alarmName identifier clusterIdentifier".split(" ");

/**
 * Whether the value of `property` names `target`: it equals one of the target's identities, or it was made from one of its
 * outputs. During a preview, and if a provider leaves the id out of its outputs, only the latter can be seen; it counts if
 * the property was made from nothing else.
 */
export function names(from: Declared, property: string, value: unknown, target: Declared): Answer {
  const [top = ""] = property.split(/[.[]/);
  const made = from.references[top] ?? [];
  if (!isSet(value) || value === "*") return "no";
  // Made from no resource of this type, but from the result of a function, for example: it may be any of them.
  if (value === unknown && !made.some((urn) => typeOf(urn) === target.type)) return "unknown";
  const own = identities.map((key) => valueAt(target.properties, key));
  if (value !== unknown && own.includes(value)) return "yes";
  if (!made.includes(target.urn)) return "no";
  if (value === unknown) return "yes";
  const isHidden = own.includes(unknown) || valueAt(target.properties, "id") === undefined;
  return isHidden && made.length === 1 ? "yes" : "no";
}

/** Whether the value of `property` names `target`, or may turn out to. */
export const mayName = (from: Declared, property: string, target: Declared): boolean =>
  names(from, property, valueAt(from.properties, property), target) !== "no";

/** The type of the resource that a URN names; before the last `$` are its parents' types. */
const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";
