import type { Declared } from "./rule";
import { isSet, unknown, valueAt } from "./propertyValues";

/** All resources of a stack, and how they refer to each other. */

/** Yes, no, or only known after the update. */
export type Answer = "yes" | "no" | "unknown";

/** Of several ways only one has to be true. */
export const any = (answers: readonly Answer[]): Answer =>
  answers.includes("yes") ? "yes" : answers.includes("unknown") ? "unknown" : "no";

/** All of several things have to be true. */
export const all = (answers: readonly Answer[]): Answer =>
  answers.includes("no") ? "no" : answers.includes("unknown") ? "unknown" : "yes";

export const answer = (is: boolean): Answer => (is ? "yes" : "no");

export const ofType = (resources: readonly Declared[], ...wanted: readonly string[]): Declared[] =>
  resources.filter(({ type }) => wanted.includes(type));

/** Outputs by which other resources name one. */
const identities = [
  "arn",
  "id",
  "name",
  "backupVaultArn",
  "planId",
  "alarmName",
  "identifier",
  "clusterIdentifier",
];

/**
 * Whether the value of `property` names `target`: it is one of the target's identities, or it was made from one of its
 * outputs. During a preview, and where a provider keeps the id out of its outputs, only the latter is to be seen; that
 * counts where the property was made from nothing else.
 */
export function names(from: Declared, property: string, value: unknown, target: Declared): Answer {
  const [top = ""] = property.split(/[.[]/);
  const made = from.references[top] ?? [];
  if (!isSet(value) || value === "*") return "no";
  // Made from no resource of this kind, such as from what a function was asked for: it may be any.
  if (value === unknown && !made.some((urn) => typeOf(urn) === target.type)) return "unknown";
  const own = identities.map((key) => valueAt(target.properties, key));
  if (value !== unknown && own.includes(value)) return "yes";
  if (!made.includes(target.urn)) return "no";
  if (value === unknown) return "yes";
  const isHidden = own.includes(unknown) || valueAt(target.properties, "id") === undefined;
  return isHidden && made.length === 1 ? "yes" : "no";
}

/** The type of the resource that a URN names; before the last `$` are its parents' types. */
const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";
