import type { Declared, ReportViolation } from "./rule";
import { type Found, isSet, shown, unknown, valuesAt } from "./propertyValues";

/** Checks of single properties, as a table. */

/** One property and what it must be. */
export interface PropertyCheck {
  /** Dotted path; `[]` stands for every entry of a list, which must have at least one. */
  path: string;
  /** Whether a value that is set and known is allowed. Default: every one is. */
  allows?: (value: unknown, resource: Declared) => boolean;
  /** What is required, in words. */
  required: string;
  /** Default: "Set it." */
  fix?: string;
  /** Whether the property may be unset. Default: no, because in AWS and Kubernetes unset is seldom safe. */
  mayBeUnset?: boolean;
}

/** Reports every property that is unset or not allowed. Paths begin at `within`, by default the resource itself. */
export function checkProperties(
  resource: Declared,
  report: ReportViolation,
  checks: readonly PropertyCheck[],
  within: Found = { path: "", value: resource.properties },
): void {
  const reportAt = propertyReporter(resource, report);
  for (const { path, allows, required, fix, mayBeUnset } of checks)
    for (const { path: at, value } of valuesAt(within.value, path, within.path)) {
      if (value === unknown) continue;
      const isRight = isSet(value) ? (allows?.(value, resource) ?? true) : mayBeUnset === true;
      if (!isRight) reportAt(at, value, required, fix);
    }
}

/** Reports one property; what was found is shown as JSON. */
export type ReportAt = (at: string, found: unknown, required: string, fix?: string) => void;

/** Reports properties of one resource, with `usualFix` where nothing else is said. */
export const propertyReporter =
  (resource: Declared, report: ReportViolation, usualFix = "Set it."): ReportAt =>
  (at, found, required, fix = usualFix) =>
    report(resource, { at, found: shown(found), required, fix });

export const isTrue = (value: unknown): boolean => value === true;
export const isFalse = (value: unknown): boolean => value === false;
export const isOneOf =
  (...words: readonly unknown[]) =>
  (value: unknown): boolean =>
    words.includes(value);
/** A text of more than one character. */
export const isWord = (value: unknown): boolean => typeof value === "string" && value.length > 1;
/** A number within bounds, both included. A text is no number: Kubernetes and AWS reject it. */
export const isBetween =
  (low: number, high: number) =>
  (value: unknown): boolean =>
    typeof value === "number" && value >= low && value <= high;
/** Whether it may name a port or is one; "*" is a placeholder. */
export const isPort = (value: unknown): boolean => value !== 0 && value !== "*" && value !== false;
export const isArn = (value: unknown): boolean =>
  typeof value === "string" && /^arn:[^:*]+:[^:*]+:/.test(value);
