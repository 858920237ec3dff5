import { ofType } from "../resourceGraph";
import { type PropertyCheck, checkProperties, isBetween, isOneOf } from "../propertyChecks";
import { type Declared, resourceRule, stackRule } from "../rule";
import { types } from "../types";
import { isObject, isSet, shown, unknown, valueAt, valuesAt } from "../propertyValues";
import { alarmReach, compositesOf } from "./topics";

/** Rules about alarms. */

const comparisons = [
  "GreaterThanThreshold",
  "GreaterThanOrEqualToThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
  "LessThanLowerOrGreaterThanUpperThreshold",
  "LessThanLowerThreshold",
  "GreaterThanUpperThreshold",
];
const isWord = (value: unknown): boolean => typeof value === "string" && value.length > 1;

export const complete = resourceRule({
  id: "alarm-complete",
  area: "alarms",
  severity: "high",
  rows: ["F1", "C1"],
  description:
    "A metric alarm says which metric of what, over which time, it compares with what, and what whoever is woken should do.",
  why: "An alarm on a metric without dimensions, or with an empty expression, has no data for ever and stays green.",
  remedy:
    "Set metric, dimensions, statistic, period, comparison, threshold, evaluation periods and `alarmDescription`.",
  types: [types.metricAlarm],
  check(alarm, report) {
    const { properties } = alarm;
    const fix = "Set it.";
    const periods = valueAt(properties, "evaluationPeriods");
    const queries = valueAt(properties, "metricQueries");
    const fields: PropertyCheck[] = [
      {
        path: "comparisonOperator",
        allows: isOneOf(...comparisons),
        required: "a comparison of CloudWatch",
        fix,
      },
      { path: "evaluationPeriods", allows: isBetween(1, 10_080), required: "1 or more", fix },
      {
        path: "datapointsToAlarm",
        allows: isBetween(1, typeof periods === "number" ? periods : 10_080),
        // All of them, unless it says fewer.
        mayBeUnset: true,
        required: "1 to evaluationPeriods",
        fix: "Give at most evaluationPeriods, or leave it out for all of them.",
      },
      { path: "alarmDescription", allows: isWord, required: "what it means and what to do", fix },
      {
        path: "name",
        allows: isWord,
        required: "a fixed name, by which checks and composite alarms find it",
        fix,
      },
      ...(isSet(valueAt(properties, "thresholdMetricId"))
        ? []
        : [
            {
              path: "threshold",
              allows: (value: unknown) => typeof value === "number",
              required: "a number",
              fix,
            },
          ]),
      ...(isSet(queries) ? [] : single(fix)),
    ];
    checkProperties(alarm, fields, report);
    if (Array.isArray(queries) && queries.length > 0) checkQueries(alarm, queries, report);
  },
});

/** Metrics that CloudWatch keeps by target group alone: without that dimension they have no data, for ever. */
const ofGroups = /^(Un)?HealthyHostCount$/;

/** Dimensions name what a metric is of; of a load balancer's metrics the load balancer is always one. */
const ofWhat = (value: unknown, metric: unknown): boolean =>
  isObject(value) &&
  !(typeof metric === "string" && ofGroups.test(metric) && value.TargetGroup === undefined) &&
  Object.values(value).every((one) => one === unknown || (isWord(one) && one !== "*")) &&
  (value.TargetGroup === undefined ||
    ((value.TargetGroup === unknown ||
      (typeof value.TargetGroup === "string" && value.TargetGroup.startsWith("targetgroup/"))) &&
      value.LoadBalancer !== undefined));

const single = (fix: string): PropertyCheck[] => [
  { path: "namespace", allows: isWord, required: "the metric's namespace", fix },
  { path: "metricName", allows: isWord, required: "the metric", fix },
  { path: "period", allows: isBetween(10, 86_400), required: "10 seconds to a day", fix },
  {
    path: "dimensions",
    allows: (value, { properties }) => ofWhat(value, valueAt(properties, "metricName")),
    required: "what the metric is of",
    fix: "Set it: a metric without dimensions is another one, mostly without data.",
  },
  {
    path: "statistic",
    allows: isOneOf("Sum", "Average", "Maximum", "Minimum", "SampleCount"),
    required: "a statistic",
    fix,
  },
];

function checkQueries(
  alarm: Declared,
  queries: readonly unknown[],
  report: Parameters<typeof checkProperties>[2],
): void {
  const fault = (at: string, found: unknown, required: string, fix = "Set it.") =>
    report({ at, found: shown(found), required, fix }, alarm);
  const ids: string[] = [];
  for (const [index, query] of queries.entries()) {
    if (query === unknown) return;
    const at = `metricQueries[${index}]`;
    const id = valueAt(query, "id");
    if (typeof id === "string" && /^[a-z]\w*$/.test(id)) ids.push(id);
    else if (id !== unknown) fault(`${at}.id`, id, "a lower-case letter, then letters, digits and _");
    const expression = valueAt(query, "expression");
    if (isSet(expression)) continue;
    const metric = valueAt(query, "metric");
    if (metric === unknown) continue;
    if (!isObject(metric)) {
      fault(at, query, "`metric` or `expression`");
      continue;
    }
    for (const { path, allows, required } of [
      { path: "namespace", allows: isWord, required: "the metric's namespace" },
      { path: "metricName", allows: isWord, required: "the metric" },
      { path: "period", allows: isBetween(10, 86_400), required: "10 seconds to a day" },
      {
        path: "stat",
        allows: (value: unknown) =>
          /^(Sum|Average|Maximum|Minimum|SampleCount|(p|tm|tc|ts|wm)\d.*)$/.test(String(value)),
        required: "a statistic",
      },
      {
        path: "dimensions",
        allows: (value: unknown) => ofWhat(value, valueAt(metric, "metricName")),
        required: "what the metric is of",
      },
    ]) {
      const value = valueAt(metric, path);
      if (value !== unknown && !(isSet(value) && allows(value)))
        fault(`${at}.metric.${path}`, value, required);
    }
  }
  const keys = queries
    .map((query) => valueAt(query, "metric.dimensions"))
    .filter(isObject)
    .map((of) => Object.keys(of).sort().join(", "));
  if (new Set(keys).size > 1)
    fault(
      "metricQueries[].metric.dimensions",
      [...new Set(keys)].join("; "),
      "the same dimensions in every query",
      "Count failures and requests of the same thing: a share of another's requests is no share.",
    );
  const judged = queries.filter((query) => valueAt(query, "returnData") === true);
  if (judged.length !== 1)
    fault(
      "metricQueries[].returnData",
      `${judged.length} of ${queries.length} queries`,
      "one query that is judged",
      "Set it on the one expression.",
    );
  for (const query of judged) {
    const expression = valueAt(query, "expression");
    if (expression === unknown || isSet(valueAt(query, "metric"))) continue;
    const others = ids.filter((id) => id !== valueAt(query, "id"));
    const text = typeof expression === "string" ? expression : "";
    // METRICS() is all of them.
    const missing = /\bMETRICS\(/.test(text)
      ? []
      : others.filter((id) => !new RegExp(`\\b${id}\\b`).test(text));
    // Functions of CloudWatch are written in capitals, ids begin in lower case.
    const strange = [...text.matchAll(/\b[a-z]\w*\b/g)]
      .map(([word]) => word)
      .filter((word) => !others.includes(word));
    if (missing.length > 0 || strange.length > 0 || others.length === 0)
      fault(
        "metricQueries[].expression",
        expression,
        `an expression of ${others.join(", ") || "metrics"}`,
        "Use every metric that is fetched.",
      );
  }
}

export const missingData = resourceRule({
  id: "alarm-missing-data-decided",
  area: "alarms",
  severity: "high",
  rows: ["F1"],
  description: "A metric alarm says what a period without data means.",
  why: "By default such an alarm keeps its state or turns to `insufficient data`: a dead exporter looks like a quiet night.",
  remedy: "Set `treatMissingData` to breaching, notBreaching or ignore, alarm by alarm.",
  types: [types.metricAlarm],
  check(alarm, report) {
    checkProperties(
      alarm,
      [
        {
          path: "treatMissingData",
          allows: isOneOf("breaching", "notBreaching", "ignore"),
          required: "breaching, notBreaching or ignore",
          fix: "Decide what no data means: nothing went wrong, or nothing happened.",
        },
      ],
      report,
    );
  },
});

export const acts = stackRule<{ requireSubscriber: boolean; requireRecovery: boolean }>({
  id: "alarm-reaches-somebody",
  area: "alarms",
  severity: "critical",
  rows: ["F1", "C1"],
  description: "Every alarm tells a topic, itself or by a composite alarm, and so does its end.",
  why: "An alarm that acts on nothing is a picture; everybody believes that somebody is woken.",
  remedy: "Set `alarmActions` and `okActions` to the ARN of a topic, and subscribe somebody to it.",
  settings: {
    requireSubscriber: {
      type: "boolean",
      description: "Whether a topic that is declared in the stack must have a subscription there.",
      default: false,
    },
    requireRecovery: {
      type: "boolean",
      description: "Whether the end of an alarm must be told as well.",
      default: true,
    },
  },
  checkStack(resources, report, { requireSubscriber, requireRecovery }) {
    for (const alarm of ofType(resources, types.metricAlarm, types.compositeAlarm)) {
      const own = alarmReach(resources, alarm);
      const others =
        own === "nothing" ? compositesOf(resources, alarm).map((one) => alarmReach(resources, one)) : [];
      const best = [own, ...others].includes("somebody")
        ? "somebody"
        : [own, ...others].includes("nobody")
          ? "nobody"
          : "nothing";
      if (best === "nothing" || valueAt(alarm.properties, "actionsEnabled") === false)
        report(
          {
            at: "alarmActions",
            found:
              valueAt(alarm.properties, "actionsEnabled") === false
                ? "actions switched off"
                : shown(valueAt(alarm.properties, "alarmActions")),
            required: "the ARN of a topic, or a composite alarm that asks for it and has one",
            fix: "Add the topic to `alarmActions`.",
          },
          alarm,
        );
      else if (best === "nobody" && requireSubscriber)
        report(
          {
            at: "alarmActions",
            found: "a topic without a subscription",
            required: "a subscription",
            fix: "Declare a TopicSubscription.",
          },
          alarm,
        );
      if (own !== "nothing" && requireRecovery && !isSet(valueAt(alarm.properties, "okActions")))
        report(
          {
            at: "okActions",
            found: shown(valueAt(alarm.properties, "okActions")),
            required: "the ARN of a topic",
            fix: "Tell the end of it as well: whoever was woken wants to sleep again.",
          },
          alarm,
        );
      for (const key of ["alarmActions", "okActions"])
        for (const { path, value } of valuesAt(alarm.properties, `${key}[]`))
          if (isSet(valueAt(alarm.properties, key)) && value !== unknown && !/^arn:/.test(String(value)))
            report(
              { at: path, found: shown(value), required: "an ARN", fix: "Give the topic's `arn`." },
              alarm,
            );
      if (alarm.type === types.compositeAlarm)
        checkProperties(
          alarm,
          [
            {
              path: "alarmName",
              allows: isWord,
              required: "a fixed name, by which checks and other composite alarms find it",
              fix: "Set it.",
            },
            {
              path: "alarmRule",
              allows: (rule) => /ALARM\s*\(/.test(String(rule)),
              required: "a rule of ALARM(...)",
              fix: "Set it.",
            },
            {
              path: "alarmDescription",
              allows: isWord,
              required: "what it means and what to do",
              fix: "Set it.",
            },
          ],
          report,
        );
    }
  },
});
