import { type ReportAt, isBetween, isOneOf, isTrue, propertyReporter } from "../propertyChecks";
import { ofType } from "../resourceGraph";
import { type Declared, resourceRule, stackRule, textsSetting } from "../rule";
import { types } from "../types";
import { document, isObject, isSet, maybe, parameterValue, shown, unknown, valueAt } from "../propertyValues";

/** Rules about feature flags as they are published: parameters in flagd's format. */

const flagPath = /^\/deployment-safety\/([^/]+)\/flags\/([^/]+)$/;

/** The flag of a parameter; undefined for any other parameter and while its value is not known. */
function flagOf({ properties }: Declared) {
  const name = valueAt(properties, "name");
  const [, stack, flag] = typeof name === "string" ? (flagPath.exec(name) ?? []) : [];
  const value = parameterValue(properties);
  return stack === undefined || flag === undefined || value === unknown
    ? undefined
    : { flag, stack, value, content: document(value) };
}

/** Whether anybody gets the flag. */
const isOn = (content: unknown): boolean =>
  isSet(valueAt(content, "targeting")) || valueAt(content, "defaultVariant") !== "off";

export const flagValid = resourceRule({
  id: "flag-valid",
  area: "flags",
  severity: "high",
  rows: ["A1", "A3"],
  description:
    "A published flag can be evaluated: variants on and off, off by default, shares of 0 to 100 %, roles that exist.",
  why: "A flag that cannot be read is off in one process and keeps its old value in another.",
  remedy: "Declare flags in `deployment-safety:flags`, and let the program publish them.",
  settings: {
    roles: textsSetting("Roles that the application knows; empty: any lower-case name."),
  },
  types: [types.parameter],
  check(parameter, report, { roles }) {
    const read = flagOf(parameter);
    if (!read) return;
    const { content, value } = read;
    const usualFix = "Fix the flag in the stack file and publish it again.";
    const reportAt = propertyReporter(parameter, report, usualFix);
    if (!isObject(content)) return reportAt("insecureValue", value, "a flag in flagd's format, JSON");
    if (content.state !== "ENABLED" && content.state !== "DISABLED")
      reportAt("state", content.state, "ENABLED or DISABLED");
    if (valueAt(content, "variants.on") !== true || valueAt(content, "variants.off") !== false)
      reportAt("variants", content.variants, "on: true and off: false");
    if (content.defaultVariant !== "off")
      reportAt("defaultVariant", content.defaultVariant, "off: who is not named does not have it");
    checkTargeting(content.targeting, roles, reportAt);
    const [type, overwrite] = ["type", "overwrite"].map((key) => valueAt(parameter.properties, key));
    if (!maybe(type, isOneOf("String"))) reportAt("type", type, "String");
    if (!maybe(overwrite, isTrue))
      reportAt("overwrite", overwrite, "true, for an update that was killed after writing it");
  },
});

/** Buckets that people are divided into, as in decisions/flags/flags.ts. */
const buckets = 100_000;

/** Whether an operand is a person's bucket; a person without one is in no share. */
const isBucket = (operand: unknown): boolean =>
  Array.isArray(valueAt(operand, "var")) && (valueAt(operand, "var") as unknown[])[0] === "bucket";

/** Checks every share and every role of a JsonLogic rule, at any depth. */
function checkTargeting(rule: unknown, roles: readonly string[], reportAt: ReportAt): void {
  if (Array.isArray(rule)) for (const one of rule) checkTargeting(one, roles, reportAt);
  if (!isObject(rule)) return;
  for (const [operator, operands] of Object.entries(rule)) {
    if (Array.isArray(operands)) checkOperator(operator, operands, roles, reportAt);
    checkTargeting(operands, roles, reportAt);
  }
}

function checkOperator(
  operator: string,
  operands: readonly unknown[],
  roles: readonly string[],
  reportAt: ReportAt,
): void {
  const [first, second] = operands;
  if (operator === "fractional") {
    const weights = operands.filter(Array.isArray).map((entry) => (entry as unknown[])[1]);
    const isWeight = (weight: unknown) => typeof weight === "number" && weight >= 0;
    if (!weights.every(isWeight) || weights.every((weight) => weight === 0))
      reportAt("targeting.fractional", operands, "weights of 0 or more, one of them above");
  }
  if (operator === "<" && isBucket(first) && !isBetween(1, buckets)(second))
    reportAt("targeting.bucket", second, `1 to ${buckets}, thousandths of a percent`);
  if (operator === "in" && valueAt(first, "var") === "role")
    for (const role of [second].flat())
      if (!isRole(role, roles))
        reportAt(
          "targeting.role",
          role,
          roles.length > 0 ? `one of ${roles.join(", ")}` : "a role of a-z, 0-9 and -",
        );
}

const isRole = (role: unknown, roles: readonly string[]): boolean =>
  typeof role === "string" &&
  /^[a-z0-9][a-z0-9-]*$/.test(role) &&
  (roles.length === 0 || roles.includes(role));

const isDay = /^\d{4}-\d\d-\d\d$/;

export const flagOwnedAndExpiring = resourceRule({
  id: "flag-owned-and-expiring",
  area: "flags",
  severity: "medium",
  rows: ["A1"],
  description: "A flag names its risk, the team that owns it, and the day by which it should be gone.",
  why: "Anybody switches a flag that nobody owns, and the code path behind it is never removed.",
  remedy: "Set `risk`, `owner` and `expires` of the flag in the stack file.",
  types: [types.parameter],
  check(parameter, report) {
    const read = flagOf(parameter);
    if (!read) return;
    const metadata = valueAt(read.content, "metadata");
    const reportAt = (key: string, found: unknown, required: string) =>
      propertyReporter(parameter, report)(
        `metadata.${key}`,
        found,
        required,
        `Set \`${key}\` of the flag ${read.flag}.`,
      );
    const [owner, expires, risk] = ["owner", "expires", "risk"].map((key) => valueAt(metadata, key));
    if (!isSet(owner)) reportAt("owner", owner, "a team");
    if (!isDay.test(String(expires))) reportAt("expires", expires, "a day, YYYY-MM-DD");
    if (risk !== "low" && risk !== "high") reportAt("risk", risk, "low or high");
  },
});

export const flagNotExpired = resourceRule({
  id: "flag-not-expired",
  area: "flags",
  severity: "low",
  level: "advisory",
  rows: ["A1"],
  description: "No flag is past the day by which it should be gone.",
  why: "An old flag is a second program inside the first, which nobody tests any more.",
  remedy: "Remove the flag and the code path that it guards, or give it a new day.",
  types: [types.parameter],
  check(parameter, report, _, { now }) {
    const read = flagOf(parameter);
    const expires = valueAt(valueAt(read?.content, "metadata"), "expires");
    if (typeof expires === "string" && isDay.test(expires) && expires < now.toISOString().slice(0, 10))
      report(parameter, {
        at: "metadata.expires",
        found: expires,
        required: "a day that is not past",
        fix: "Remove the flag, or give it a new day.",
      });
  },
});

/** The release that a program publishes. */
function releaseOf(resources: readonly Declared[], stack: string): unknown {
  const parameter = ofType(resources, types.parameter).find(
    ({ properties }) => valueAt(properties, "name") === `/deployment-safety/${stack}/release`,
  );
  return parameter && document(parameterValue(parameter.properties));
}

export const riskyFlagOffUntilValidated = stackRule({
  id: "risky-flag-off-until-validated",
  area: "flags",
  severity: "critical",
  rows: ["A2"],
  description: "A flag of high risk is published off unless the live release has been validated.",
  why: "After a new version or a rollback, nobody has yet looked at the running code with the flag on.",
  remedy: "Let the program publish flags: it switches them off until `validated` is the live digest.",
  checkStack(resources, report) {
    for (const parameter of ofType(resources, types.parameter)) {
      const read = flagOf(parameter);
      // Every flag that does not state a low risk counts as risky.
      if (!read || valueAt(valueAt(read.content, "metadata"), "risk") === "low" || !isOn(read.content))
        continue;
      const release = releaseOf(resources, read.stack);
      if (release === unknown) continue;
      const validated = valueAt(release, "validated");
      const live = valueAt(release, `slots.${String(valueAt(release, "live"))}.image`);
      if (isSet(validated) && typeof live === "string" && live.endsWith(`@${String(validated)}`)) continue;
      report(parameter, {
        at: "targeting",
        found: `${read.flag} on while validated is ${shown(validated)}`,
        required: "off until the live digest is validated",
        fix: "Validate the release first (`make deploy` does), or lower the flag's risk with a reason.",
      });
    }
  },
});
