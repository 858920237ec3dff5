import {
  type PropertyCheck,
  type ReportAt,
  checkProperties,
  isBetween,
  isWord,
  propertyReporter,
} from "../propertyChecks";
import { isObject, isSet, listAt, unknown, valueAt } from "../propertyValues";
import type { Declared, ReportViolation } from "../rule";

/** What an alarm says of its metrics. */

/** Metrics that CloudWatch keeps by target group alone: without that dimension they never have data. */
const ofGroups = /^(Un)?HealthyHostCount$/;

/** Dimensions name what a metric is of; those of a load balancer's metric always name the load balancer. */
const isOfSomething = (value: unknown, metric: unknown): boolean =>
  isObject(value) &&
  !(typeof metric === "string" && ofGroups.test(metric) && value.TargetGroup === undefined) &&
  Object.values(value).every((one) => one === unknown || (isWord(one) && one !== "*")) &&
  (value.TargetGroup === undefined ||
    ((value.TargetGroup === unknown ||
      (typeof value.TargetGroup === "string" && value.TargetGroup.startsWith("targetgroup/"))) &&
      value.LoadBalancer !== undefined));

/** What every metric must say, whether the alarm names it itself or in a query. */
export const metricChecks = (metricName: unknown): PropertyCheck[] => [
  { path: "namespace", allows: isWord, required: "the metric's namespace" },
  { path: "metricName", allows: isWord, required: "the metric" },
  { path: "period", allows: isBetween(10, 86_400), required: "10 seconds to a day" },
  {
    path: "dimensions",
    allows: (value) => isOfSomething(value, metricName),
    required: "what the metric is of",
    fix: "Set it: a metric without dimensions is another one, mostly without data.",
  },
];

/** Statistics of a query; unlike an alarm's own `statistic` they may be percentiles. */
const statistic: PropertyCheck = {
  path: "stat",
  allows: (value) => /^(Sum|Average|Maximum|Minimum|SampleCount|(p|tm|tc|ts|wm)\d.*)$/.test(String(value)),
  required: "a statistic",
};

/** Checks each query, then all of them together; one that is not known yet leaves the rest for later. */
export function checkQueries(alarm: Declared, queries: readonly unknown[], report: ReportViolation): void {
  const reportAt = propertyReporter(alarm, report);
  for (const [index, query] of queries.entries()) {
    if (query === unknown) return;
    const at = `metricQueries[${index}]`;
    const id = valueAt(query, "id");
    if (id !== unknown && !isId(id))
      reportAt(`${at}.id`, id, "a lower-case letter, then letters, digits and _");
    const metric = valueAt(query, "metric");
    if (isSet(valueAt(query, "expression")) || metric === unknown) continue;
    const checks = [...metricChecks(valueAt(metric, "metricName")), statistic];
    if (isObject(metric)) checkProperties(alarm, report, checks, { path: `${at}.metric`, value: metric });
    else reportAt(at, query, "`metric` or `expression`");
  }
  checkSameDimensions(queries, reportAt);
  checkJudged(queries, reportAt);
}

const isId = (id: unknown): id is string => typeof id === "string" && /^[a-z]\w*$/.test(id);

function checkSameDimensions(queries: readonly unknown[], reportAt: ReportAt): void {
  const keys = queries
    .map((query) => valueAt(query, "metric.dimensions"))
    .filter(isObject)
    .map((of) => Object.keys(of).sort().join(", "));
  if (new Set(keys).size > 1)
    reportAt(
      "metricQueries[].metric.dimensions",
      [...new Set(keys)].join("; "),
      "the same dimensions in every query",
      "Count failures and requests of the same thing: a share of another's requests is no share.",
    );
}

/** One query is compared with the threshold; if it is an expression, it uses every metric that is fetched and no other. */
function checkJudged(queries: readonly unknown[], reportAt: ReportAt): void {
  const ids = queries.map((query) => valueAt(query, "id")).filter(isId);
  const judged = queries.filter((query) => valueAt(query, "returnData") === true);
  if (judged.length !== 1)
    reportAt(
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
    const unused = /\bMETRICS\(/.test(text)
      ? []
      : others.filter((id) => !new RegExp(`\\b${id}\\b`).test(text));
    // Functions of CloudWatch are written in capitals, ids begin in lower case.
    const isStrange = [...text.matchAll(/\b[a-z]\w*\b/g)].some(([word]) => !others.includes(word));
    if (unused.length > 0 || isStrange || others.length === 0)
      reportAt(
        "metricQueries[].expression",
        expression,
        `an expression of ${others.join(", ") || "metrics"}`,
        "Use every metric that is fetched.",
      );
  }
}

/** A metric that an alarm is on. */
export interface Metric {
  name: unknown;
  namespace: unknown;
  /** Its dimension TargetGroup. */
  group: unknown;
  /** The alarm's property that names it. */
  property: string;
  /** Period times evaluation periods. */
  seconds: number;
}

/** Every metric that an alarm is on, itself or by a query. */
export function metricsOf({ properties }: Declared): Metric[] {
  const periods = seconds(valueAt(properties, "evaluationPeriods"));
  const metricOf = (holder: unknown, property: string): Metric => ({
    name: valueAt(holder, "metricName"),
    namespace: valueAt(holder, "namespace"),
    group: valueAt(holder, "dimensions.TargetGroup"),
    property,
    seconds: seconds(valueAt(holder, "period")) * periods,
  });
  const queried = listAt(properties, "metricQueries").map((query) => valueAt(query, "metric"));
  return [
    metricOf(properties, "dimensions"),
    ...queried.map((metric) => metricOf(metric, "metricQueries")),
  ].filter(({ name }) => name !== undefined);
}

/** A number of seconds; one that is not known yet may be long enough. */
const seconds = (value: unknown): number => (value === unknown ? Infinity : Number(value));
