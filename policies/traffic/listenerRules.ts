import {
  type ReportAt,
  checkProperties,
  isArn,
  isBetween,
  isOneOf,
  propertyReporter,
} from "../propertyChecks";
import { type Declared, integerSetting, resourceRule } from "../rule";
import { types } from "../types";
import { isObject, isSet, listAt, maybe, shown, unknown, valueAt } from "../propertyValues";

/** Rules about a listener rule by itself. */

/** A target group of a rule's forward action, its weight, and the path of the weight. */
export interface Share {
  arn: unknown;
  weight: unknown;
  at: string;
}

/** The weighted target groups of a listener rule; a rule that forwards to a single group gives it 100. */
export function sharesOf(rule: Declared): Share[] {
  return listAt(rule.properties, "actions").flatMap((action, index) => {
    const type = valueAt(action, "type");
    if (type !== "forward" && type !== unknown) return [];
    const at = `actions[${index}]`;
    const single = valueAt(action, "targetGroupArn");
    if (isSet(single)) return [{ arn: single, weight: 100, at: `${at}.targetGroupArn` }];
    return listAt(action, "forward.targetGroups").map((group, n) => ({
      arn: valueAt(group, "arn"),
      weight: valueAt(group, "weight"),
      at: `${at}.forward.targetGroups[${n}].weight`,
    }));
  });
}

/** Whether a rule is a slot's test rule, which requires a header. */
export const isTestRule = (rule: Declared): boolean =>
  listAt(rule.properties, "conditions").some((condition) =>
    isSet(valueAt(condition, "httpHeader.httpHeaderName")),
  );

export const trafficWeightsSumTo100 = resourceRule({
  id: "traffic-weights-sum-to-100",
  area: "traffic",
  severity: "critical",
  rows: ["A4", "F1"],
  description:
    "The weights of a listener rule's target groups are percentages: whole numbers that sum to 100.",
  why: "AWS treats weights as proportions: 10 and 40 are a canary of 20 %, and nobody sees that in the file.",
  remedy: "Set the weights of the forward action so that they sum to 100.",
  types: [types.listenerRule],
  check(rule, report) {
    const shares = sharesOf(rule);
    for (const { weight, at } of shares)
      if (!maybe(weight, isBetween(0, 100)))
        propertyReporter(rule, report)(at, weight, "0 to 100", "Set it; unset, a group gets weight 1.");
    if (shares.length === 0 || shares.some(({ weight }) => typeof weight !== "number")) return;
    const sum = shares.reduce((total, { weight }) => total + Number(weight), 0);
    if (sum !== 100)
      report(rule, {
        at: "actions[].forward.targetGroups[].weight",
        found: `${shares.map(({ weight }) => shown(weight)).join(" + ")} = ${sum}`,
        required: "a sum of 100",
        fix: "Give the live slot the rest.",
      });
  },
});

export const canaryAtMost10Percent = resourceRule({
  id: "canary-at-most-10-percent",
  area: "traffic",
  severity: "critical",
  rows: ["A4", "F1"],
  description:
    "All target groups of a rule except the largest together get at most `maxPercent` of the traffic.",
  why: "Until the gate has judged it, a canary may be broken for everybody it serves.",
  remedy: "Lower the canary's weight, or promote it: 100 and 0.",
  settings: {
    maxPercent: integerSetting(
      "Largest share of all slots except the largest together, percent.",
      10,
      [0, 50],
    ),
  },
  types: [types.listenerRule],
  check(rule, report, { maxPercent }) {
    const weights = sharesOf(rule).flatMap(({ weight }) => (typeof weight === "number" ? [weight] : []));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    if (sum === 0) return;
    const canary = ((sum - Math.max(...weights)) / sum) * 100;
    if (canary > maxPercent)
      report(rule, {
        at: "actions[].forward.targetGroups[].weight",
        found: `${weights.join(" and ")}, ${Math.round(canary)} % beside the largest`,
        required: `at most ${maxPercent} %`,
        fix: "Lower the canary's weight, or let it be promoted: 100 and 0.",
      });
  },
});

export const trafficRuleComplete = resourceRule({
  id: "traffic-rule-complete",
  area: "traffic",
  severity: "high",
  rows: ["A4", "C2"],
  description:
    "A listener rule names its hosts, its priority and its action; a fixed response is an error (503 or 4xx).",
  why: "A rule for every host takes other applications' requests; a sticky one keeps sending people to a canary that was rolled back.",
  remedy: "Set `priority`, `conditions` with `hostHeader`, and one action; leave stickiness out.",
  types: [types.listenerRule],
  check(rule, report) {
    checkProperties(rule, report, [
      { path: "listenerArn", allows: isArn, required: "the ARN of a listener" },
      { path: "priority", allows: isBetween(1, 50_000), required: "a fixed priority, 1 to 50000" },
      { path: "conditions[]", required: "a condition" },
      {
        path: "actions[].type",
        allows: isOneOf("forward", "fixed-response", "redirect"),
        required: "forward or fixed-response",
      },
    ]);
    const reportAt = propertyReporter(rule, report);
    const conditions = listAt(rule.properties, "conditions");
    if (conditions.length > 0 && !conditions.includes(unknown)) checkConditions(conditions, reportAt);
    for (const [index, action] of listAt(rule.properties, "actions").entries()) {
      const at = `actions[${index}]`;
      const type = valueAt(action, "type");
      if (type === "forward") checkTargetGroups(action, at, sharesOf(rule), reportAt);
      if (valueAt(action, "forward.stickiness.enabled") === true)
        reportAt(
          `${at}.forward.stickiness`,
          true,
          "no stickiness",
          "Leave it out: a client that sticks to a canary stays with it after a rollback.",
        );
      if (type === "fixed-response") checkFixedResponse(action, at, reportAt);
    }
  },
});

function checkConditions(conditions: readonly unknown[], reportAt: ReportAt): void {
  const hosts = conditions
    .map((condition) => valueAt(condition, "hostHeader.values"))
    .filter((one) => one !== undefined);
  const listed = hosts.flat();
  if (!hosts.includes(unknown) && !listed.some((host) => isSet(host)))
    reportAt("conditions", undefined, "the host names that it is for", "Add `hostHeader` with `values`.");
  if (listed.includes("*"))
    reportAt(
      "conditions[].hostHeader.values",
      "*",
      "host names",
      "Name them: * takes every application's requests.",
    );
  for (const [index, condition] of conditions.entries()) {
    const header = valueAt(condition, "httpHeader");
    if (isObject(header)) checkHeader(header, `conditions[${index}].httpHeader`, reportAt);
    else if (!isSet(condition) || !Object.values(condition as object).some(isSet))
      reportAt(`conditions[${index}]`, condition, "a condition", "Remove it or set what it matches.");
  }
}

function checkHeader(header: Record<string, unknown>, at: string, reportAt: ReportAt): void {
  const { httpHeaderName: name, values } = header;
  if (name !== unknown && (!isSet(name) || name === "*"))
    reportAt(`${at}.httpHeaderName`, name, "the name of a header");
  const listed = listAt(header, "values");
  if (values !== unknown && (listed.length === 0 || listed.some((value) => !isSet(value) || value === "*")))
    reportAt(
      `${at}.values`,
      values,
      "values of the header, without a wildcard",
      "Name the slot: a test rule that matches everybody sends people to a slot under test.",
    );
}

function checkTargetGroups(action: unknown, at: string, shares: readonly Share[], reportAt: ReportAt): void {
  if (shares.length === 0 && valueAt(action, "forward.targetGroups") !== unknown)
    reportAt(at, undefined, "target groups with weights", "Give `forward.targetGroups`.");
  for (const { arn, at: where } of shares)
    if (arn !== unknown && !isArn(arn))
      reportAt(where.replace(/\.weight$/, ".arn"), arn, "the ARN of a target group", "Give it.");
}

function checkFixedResponse(action: unknown, at: string, reportAt: ReportAt): void {
  const response = valueAt(action, "fixedResponse");
  const status = valueAt(response, "statusCode");
  if (response !== unknown && !/^(503|4\d\d)$/.test(String(status)))
    reportAt(
      `${at}.fixedResponse.statusCode`,
      status,
      "503",
      "Clients would cache a maintenance page that answers 200.",
    );
  for (const key of ["contentType", "messageBody"])
    if (isObject(response) && (!isSet(response[key]) || response[key] === "*"))
      reportAt(
        `${at}.fixedResponse.${key}`,
        response[key],
        "content that tells a maintenance page from a failure",
      );
}
