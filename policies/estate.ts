import type { Declared } from "./rule";
import { unknown, valueAt } from "./values";

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
 * outputs. A value that is not known and was made from something else names that.
 */
export function names(from: Declared, property: string, value: unknown, target: Declared): Answer {
  const [top = ""] = property.split(/[.[]/);
  const isMadeFrom = from.references[top]?.includes(target.urn) ?? false;
  if (value === unknown || value === undefined) return value === unknown && isMadeFrom ? "yes" : "no";
  const own = identities.map((key) => valueAt(target.properties, key));
  if (own.includes(value)) return "yes";
  // During a preview the target's identity may be unknown although the value, an old one, is known.
  return isMadeFrom && own.includes(unknown) ? "unknown" : "no";
}

/** The resources that a property names. */
export const named = (
  resources: readonly Declared[],
  from: Declared,
  property: string,
  value: unknown,
): Declared[] => resources.filter((target) => names(from, property, value, target) !== "no");
