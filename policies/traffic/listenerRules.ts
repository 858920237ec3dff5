import { checkProperties, isArn, isBetween, isOneOf } from "../propertyChecks";
import { type Declared, resourceRule } from "../rule";
import { types } from "../types";
import { isObject, isSet, listAt, shown, unknown, valueAt } from "../propertyValues";

/** Rules about what one listener rule says. */

/** A target group of a rule's forward action with its weight, and where it stands. */
export interface Share {
  arn: unknown;
  weight: unknown;
  at: string;
}

/** The weighted target groups of a listener rule; one that forwards to a single group gives it everything. */
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

/** Whether a rule is a slot's test rule: it asks for a header besides. */
export const isTestRule = (rule: Declared): boolean =>
  listAt(rule.properties, "conditions").some((condition) =>
    isSet(valueAt(condition, "httpHeader.httpHeaderName")),
  );

export const weightsSum = resourceRule({
  id: "traffic-weights-sum-to-100",
  area: "release",
  severity: "critical",
  rows: ["A4", "F1"],
  description:
    "The weights of a listener rule's target groups are percentages: whole numbers that sum to 100.",
  why: "AWS takes weights in proportion: 10 and 40 are a canary of 20 %, and nobody sees it in the file.",
  remedy: "Set the weights of the forward action so that they sum to 100.",
  types: [types.listenerRule],
  check(rule, report) {
    const shares = sharesOf(rule);
    for (const { weight, at } of shares)
      if (weight !== unknown && !isBetween(0, 100)(weight))
        report(
          { at, found: shown(weight), required: "0 to 100", fix: "Set it; unset, a group gets weight 1." },
          rule,
        );
    if (shares.length === 0 || shares.some(({ weight }) => typeof weight !== "number")) return;
    const sum = shares.reduce((total, { weight }) => total + Number(weight), 0);
    if (sum !== 100)
      report(
        {
          at: "actions[].forward.targetGroups[].weight",
          found: `${shares.map(({ weight }) => shown(weight)).join(" + ")} = ${sum}`,
          required: "a sum of 100",
          fix: "Give the live slot what the canary does not get.",
        },
        rule,
      );
  },
});

export const canaryBounded = resourceRule<{ maxPercent: number }>({
  id: "canary-at-most-10-percent",
  area: "release",
  severity: "critical",
  rows: ["A4", "F1"],
  description:
    "All target groups of a rule but the largest have together at most so many percent of the traffic.",
  why: "Until the gate has judged it, a canary may be broken for everybody whom it serves.",
  remedy: "Lower the canary's weight, or promote it: 100 and 0.",
  settings: {
    maxPercent: {
      type: "integer",
      description: "Largest share of all slots but the largest, percent.",
      default: 10,
      minimum: 0,
      maximum: 50,
    },
  },
  types: [types.listenerRule],
  check(rule, report, { maxPercent }) {
    const weights = sharesOf(rule).flatMap(({ weight }) => (typeof weight === "number" ? [weight] : []));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    if (sum === 0) return;
    const canary = ((sum - Math.max(...weights)) / sum) * 100;
    if (canary > maxPercent)
      report(
        {
          at: "actions[].forward.targetGroups[].weight",
          found: `${weights.join(" and ")}, ${Math.round(canary)} % beside the largest`,
          required: `at most ${maxPercent} %`,
          fix: "Lower the canary's weight, or let it be promoted: 100 and 0.",
        },
        rule,
      );
  },
});

export const ruleComplete = resourceRule({
  id: "traffic-rule-complete",
  area: "release",
  severity: "high",
  rows: ["A4", "C2"],
  description:
    "A listener rule says for which hosts it is, in which place it is asked, and what it does; a fixed answer is an error (503, or 4xx).",
  why: "A rule for every host, or one that clients stick to, sends people on who were taken off a canary.",
  remedy: "Set `priority`, `conditions` with `hostHeader`, and one action; leave stickiness out.",
  types: [types.listenerRule],
  check(rule, report) {
    const fix = "Set it.";
    const fault = (at: string, found: string, required: string, how: string) =>
      report({ at, found, required, fix: how }, rule);
    checkProperties(
      rule,
      [
        { path: "listenerArn", allows: isArn, required: "the ARN of a listener", fix },
        { path: "priority", allows: isBetween(1, 50_000), required: "a fixed place, 1 to 50000", fix },
        { path: "conditions[]", required: "a condition", fix },
        {
          path: "actions[].type",
          allows: isOneOf("forward", "fixed-response", "redirect"),
          required: "forward or fixed-response",
          fix,
        },
      ],
      report,
    );
    const conditions = listAt(rule.properties, "conditions");
    if (conditions.length > 0 && !conditions.includes(unknown)) {
      const hosts = conditions
        .map((condition) => valueAt(condition, "hostHeader.values"))
        .filter((one) => one !== undefined);
      const listed = hosts.flat();
      if (!hosts.includes(unknown) && !listed.some((host) => isSet(host)))
        fault("conditions", "no host", "the host names that it is for", "Add `hostHeader` with `values`.");
      if (listed.includes("*"))
        fault(
          "conditions[].hostHeader.values",
          "*",
          "host names",
          "Name them: * takes every application's requests.",
        );
      for (const [index, condition] of conditions.entries()) {
        const header = valueAt(condition, "httpHeader");
        if (!isObject(header)) {
          if (!isSet(condition) || !Object.values(condition as object).some(isSet))
            fault(
              `conditions[${index}]`,
              shown(condition),
              "a condition",
              "Remove it or say what it asks for.",
            );
          continue;
        }
        const values = listAt(header, "values");
        const name = valueAt(header, "httpHeaderName");
        if (name !== unknown && (!isSet(name) || name === "*"))
          fault(`conditions[${index}].httpHeader.httpHeaderName`, shown(name), "the name of a header", fix);
        if (
          valueAt(header, "values") !== unknown &&
          (values.length === 0 || values.some((value) => !isSet(value) || value === "*"))
        )
          fault(
            `conditions[${index}].httpHeader.values`,
            shown(values),
            "values of the header, no pattern",
            "Name the slot: a test rule that matches anybody sends people to a slot that is being tested.",
          );
      }
    }
    for (const [index, action] of listAt(rule.properties, "actions").entries()) {
      const type = valueAt(action, "type");
      const at = `actions[${index}]`;
      if (
        type === "forward" &&
        sharesOf(rule).length === 0 &&
        valueAt(action, "forward.targetGroups") !== unknown
      )
        fault(at, "no target group", "target groups with weights", "Give `forward.targetGroups`.");
      for (const { arn, at: where } of type === "forward" ? sharesOf(rule) : [])
        if (arn !== unknown && !isArn(arn))
          fault(where.replace(/\.weight$/, ".arn"), shown(arn), "the ARN of a target group", "Give it.");
      if (valueAt(action, "forward.stickiness.enabled") === true)
        fault(
          `${at}.forward.stickiness`,
          "enabled",
          "no stickiness",
          "Leave it out: who sticks to a canary stays with it after a rollback.",
        );
      if (type !== "fixed-response") continue;
      const answer = valueAt(action, "fixedResponse");
      if (answer !== unknown && !/^(503|4\d\d)$/.test(String(valueAt(answer, "statusCode"))))
        fault(
          `${at}.fixedResponse.statusCode`,
          shown(valueAt(answer, "statusCode")),
          "503",
          "A pause that answers 200 is cached.",
        );
      for (const key of ["contentType", "messageBody"])
        if (isObject(answer) && (!isSet(answer[key]) || answer[key] === "*"))
          fault(`${at}.fixedResponse.${key}`, shown(answer[key]), "what tells a pause from a failure", fix);
    }
  },
});
