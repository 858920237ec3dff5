import { ofType } from "../resourceGraph";
import { type Declared, type ReportViolation, resourceRule, stackRule } from "../rule";
import { types } from "../types";
import { document, isObject, isSet, maybe, shown, unknown, valueAt } from "../propertyValues";

/** Rules about feature flags, as they are published: parameters in flagd's format. */

const flagPath = /^\/deployment-safety\/([^/]+)\/flags\/([^/]+)$/;

/** The flag of a parameter; undefined for any other parameter and while its value is not known. */
function flagOf({
  properties,
}: Declared): { flag: string; stack: string; content: unknown; value: unknown } | undefined {
  const name = valueAt(properties, "name");
  const [, stack, flag] = typeof name === "string" ? (flagPath.exec(name) ?? []) : [];
  const value = valueAt(properties, "insecureValue") ?? valueAt(properties, "value");
  return stack === undefined || flag === undefined || value === unknown
    ? undefined
    : { flag, stack, value, content: document(value) };
}

/** Whether somebody gets the flag. */
const isOn = (content: unknown): boolean =>
  isSet(valueAt(content, "targeting")) || valueAt(content, "defaultVariant") !== "off";

export const valid = resourceRule<{ roles: string[] }>({
  id: "flag-valid",
  area: "flags",
  severity: "high",
  rows: ["A1", "A3"],
  description:
    "A published flag can be evaluated: variants on and off, off by default, shares of 0 to 100 %, roles that exist.",
  why: "A flag that cannot be read is off in one process and stays as it was in another.",
  remedy: "Declare flags in `deployment-safety:flags`, and let the program publish them.",
  settings: {
    roles: {
      type: "array",
      items: { type: "string" },
      description: "Roles that the application knows; empty: any lower-case name.",
      default: [],
    },
  },
  types: [types.parameter],
  check(parameter, report, { roles }) {
    const read = flagOf(parameter);
    if (!read) return;
    const { content, value } = read;
    const fault = (at: string, found: unknown, required: string) =>
      report(
        { at, found: shown(found), required, fix: "Mend the flag in the stack file and publish it anew." },
        parameter,
      );
    if (!isObject(content)) {
      fault("insecureValue", value, "a flag in flagd's format, JSON");
      return;
    }
    if (content.state !== "ENABLED" && content.state !== "DISABLED")
      fault("state", content.state, "ENABLED or DISABLED");
    if (valueAt(content, "variants.on") !== true || valueAt(content, "variants.off") !== false)
      fault("variants", content.variants, "on: true and off: false");
    if (content.defaultVariant !== "off")
      fault("defaultVariant", content.defaultVariant, "off: who is not named does not have it");
    checkTargeting(content.targeting, roles, fault);
    const type = valueAt(parameter.properties, "type");
    if (type !== unknown && type !== "String") fault("type", type, "String");
    if (!maybe(valueAt(parameter.properties, "overwrite"), (value) => value === true))
      fault(
        "overwrite",
        valueAt(parameter.properties, "overwrite"),
        "true, for an update that was killed after writing it",
      );
  },
});

/** Buckets that people fall into, as decisions/flags/flags.ts deals them. */
const buckets = 100_000;

/** Whether an operand is a person's bucket, which is in no share where the person has none. */
const isBucket = (operand: unknown): boolean =>
  Array.isArray(valueAt(operand, "var")) && (valueAt(operand, "var") as unknown[])[0] === "bucket";

/** Looks at every share and every role of a JsonLogic rule. */
function checkTargeting(
  rule: unknown,
  roles: readonly string[],
  fault: (at: string, found: unknown, required: string) => void,
): void {
  if (Array.isArray(rule)) {
    for (const one of rule) checkTargeting(one, roles, fault);
    return;
  }
  if (!isObject(rule)) return;
  for (const [operator, operands] of Object.entries(rule)) {
    if (operator === "fractional" && Array.isArray(operands)) {
      const weights = operands.filter(Array.isArray).map((entry) => (entry as unknown[])[1]);
      if (
        weights.some((weight) => typeof weight !== "number" || weight < 0) ||
        weights.every((weight) => weight === 0)
      )
        fault("targeting.fractional", operands, "weights of 0 or more, one of them above");
    }
    if (operator === "<" && Array.isArray(operands) && isBucket(operands[0])) {
      const limit: unknown = operands[1];
      if (typeof limit !== "number" || limit < 1 || limit > buckets)
        fault("targeting.bucket", limit, `1 to ${buckets}, thousandths of a percent`);
    }
    if (operator === "in" && Array.isArray(operands) && valueAt(operands[0], "var") === "role")
      for (const role of [operands[1]].flat())
        if (
          typeof role !== "string" ||
          !/^[a-z0-9][a-z0-9-]*$/.test(role) ||
          (roles.length > 0 && !roles.includes(role))
        )
          fault(
            "targeting.role",
            role,
            roles.length > 0 ? `one of ${roles.join(", ")}` : "a role of a-z, 0-9 and -",
          );
    checkTargeting(operands, roles, fault);
  }
}

export const owned = resourceRule({
  id: "flag-owned-and-expiring",
  area: "flags",
  severity: "medium",
  rows: ["A1"],
  description: "A flag names its risk, the team that answers for it, and the day on which it should be gone.",
  why: "A flag that nobody owns is switched by whoever finds it, and no code path behind it is ever removed.",
  remedy: "Set `risk`, `owner` and `expires` of the flag in the stack file.",
  types: [types.parameter],
  check(parameter, report) {
    const read = flagOf(parameter);
    if (!read) return;
    const metadata = valueAt(read.content, "metadata");
    const fault = (key: string, found: unknown, required: string) =>
      report(
        {
          at: `metadata.${key}`,
          found: shown(found),
          required,
          fix: `Set \`${key}\` of the flag ${read.flag}.`,
        },
        parameter,
      );
    const [owner, expires, risk] = ["owner", "expires", "risk"].map((key) => valueAt(metadata, key));
    if (!isSet(owner)) fault("owner", owner, "a team");
    if (!/^\d{4}-\d\d-\d\d$/.test(String(expires))) fault("expires", expires, "a day, YYYY-MM-DD");
    if (risk !== "low" && risk !== "high") fault("risk", risk, "low or high");
  },
});

export const expired = resourceRule({
  id: "flag-not-expired",
  area: "flags",
  severity: "low",
  level: "advisory",
  rows: ["A1"],
  description: "No flag is past the day on which it should be gone.",
  why: "An old flag is a second program inside the first, which nobody tests any more.",
  remedy: "Remove the flag and the code path that it guards, or give it a new day.",
  types: [types.parameter],
  check(parameter, report, _, { now }) {
    const read = flagOf(parameter);
    const expires = valueAt(valueAt(read?.content, "metadata"), "expires");
    if (
      typeof expires !== "string" ||
      !/^\d{4}-\d\d-\d\d$/.test(expires) ||
      expires >= now.toISOString().slice(0, 10)
    )
      return;
    report(
      {
        at: "metadata.expires",
        found: expires,
        required: "a day that is not past",
        fix: "Remove the flag, or give it a new day.",
      },
      parameter,
    );
  },
});

/** The release that a program publishes. */
function releaseOf(resources: readonly Declared[], stack: string): unknown {
  const parameter = ofType(resources, types.parameter).find(
    ({ properties }) => valueAt(properties, "name") === `/deployment-safety/${stack}/release`,
  );
  return (
    parameter &&
    document(valueAt(parameter.properties, "insecureValue") ?? valueAt(parameter.properties, "value"))
  );
}

export const risky = stackRule({
  id: "risky-flag-off-until-validated",
  area: "flags",
  severity: "critical",
  rows: ["A2"],
  description: "A flag of high risk is published off unless the live release has been validated.",
  why: "A new version and a rollback both run code that nobody has looked at yet with the flag on.",
  remedy: "Publish flags by the program: it switches them off until `validated` is the live digest.",
  checkStack(resources, report) {
    for (const parameter of ofType(resources, types.parameter)) {
      const read = flagOf(parameter);
      // Whatever does not say that it is of low risk counts as risky.
      if (!read || valueAt(valueAt(read.content, "metadata"), "risk") === "low" || !isOn(read.content))
        continue;
      const release = releaseOf(resources, read.stack);
      if (release === unknown) continue;
      const validated = valueAt(release, "validated");
      const live = valueAt(release, `slots.${String(valueAt(release, "live"))}.image`);
      if (isSet(validated) && typeof live === "string" && live.endsWith(`@${String(validated)}`)) continue;
      reportOn(report, parameter, read.flag, validated);
    }
  },
});

const reportOn = (report: ReportViolation, parameter: Declared, flag: string, validated: unknown): void =>
  report(
    {
      at: "targeting",
      found: `${flag} on while validated is ${shown(validated)}`,
      required: "off until the live digest is validated",
      fix: "Validate the release first (`make deploy` does), or lower the flag's risk with a reason.",
    },
    parameter,
  );
