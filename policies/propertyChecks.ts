import type { Declared, ReportViolation } from "./rule";
import { isSet, shown, unknown, valuesAt } from "./propertyValues";

/** Rules about single properties, as a table. */

/** One property and what it must be. */
export interface PropertyCheck {
  /** Dotted path; `[]` is every entry of a list, which must have one. */
  path: string;
  /** Whether the value, which is set and known, is allowed. Default: anything that is set. */
  allows?: (value: unknown, resource: Declared) => boolean;
  /** What is required, in words. */
  required: string;
  fix: string;
  /** Whether it may be unset; by default it may not, because in AWS and Kubernetes unset is seldom safe. */
  mayBeUnset?: boolean;
}

/** Reports every property that is unset or not allowed. */
export function checkProperties(
  resource: Declared,
  fields: readonly PropertyCheck[],
  report: ReportViolation,
): void {
  for (const { path, allows, required, fix, mayBeUnset } of fields)
    for (const { path: at, value } of valuesAt(resource.properties, path)) {
      if (value === unknown) continue;
      const isRight = isSet(value) ? (allows?.(value, resource) ?? true) : mayBeUnset === true;
      if (!isRight) report({ at, found: shown(value), required, fix }, resource);
    }
}

export const isTrue = (value: unknown): boolean => value === true;
export const isFalse = (value: unknown): boolean => value === false;
export const isOneOf =
  (...words: readonly unknown[]) =>
  (value: unknown): boolean =>
    words.includes(value);
/** A number within bounds, ends included. Kubernetes and AWS accept no text for one. */
export const isBetween =
  (low: number, high: number) =>
  (value: unknown): boolean =>
    typeof value === "number" && value >= low && value <= high;
export const isArn = (value: unknown): boolean =>
  typeof value === "string" && /^arn:[^:*]+:[^:*]+:/.test(value);
