import { type PropertyCheck, checkProperties, isBetween, isOneOf, isWord } from "../propertyChecks";
import { isSet, valueAt } from "../propertyValues";
import { resourceRule } from "../rule";
import { types } from "../types";
import { checkQueries, metricChecks } from "./metricQueries";

/** The rule about what a metric alarm must say to ever ring. */

const comparisons = [
  "GreaterThanThreshold",
  "GreaterThanOrEqualToThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
  "LessThanLowerOrGreaterThanUpperThreshold",
  "LessThanLowerThreshold",
  "GreaterThanUpperThreshold",
];

const statistic: PropertyCheck = {
  path: "statistic",
  allows: isOneOf("Sum", "Average", "Maximum", "Minimum", "SampleCount"),
  required: "a statistic",
};

const threshold: PropertyCheck = {
  path: "threshold",
  allows: (value) => typeof value === "number",
  required: "a number",
};

export const alarmComplete = resourceRule({
  id: "alarm-complete",
  area: "alarms",
  severity: "high",
  rows: ["F1", "C1"],
  description:
    "A metric alarm names its metric and dimensions, its period and threshold, and what the person whom it wakes should do.",
  why: "An alarm on a metric without dimensions, or with an empty expression, never gets data and stays green.",
  remedy:
    "Set metric, dimensions, statistic, period, comparison, threshold, evaluation periods and `alarmDescription`.",
  types: [types.metricAlarm],
  check(alarm, report) {
    const { properties } = alarm;
    const periods = valueAt(properties, "evaluationPeriods");
    const queries = valueAt(properties, "metricQueries");
    const checks: PropertyCheck[] = [
      {
        path: "comparisonOperator",
        allows: isOneOf(...comparisons),
        required: "a comparison of CloudWatch",
      },
      { path: "evaluationPeriods", allows: isBetween(1, 10_080), required: "1 or more" },
      {
        path: "datapointsToAlarm",
        allows: isBetween(1, typeof periods === "number" ? periods : 10_080),
        // All of them, unless it says fewer.
        mayBeUnset: true,
        required: "1 to evaluationPeriods",
        fix: "Give at most evaluationPeriods, or leave it out for all of them.",
      },
      { path: "alarmDescription", allows: isWord, required: "what it means and what to do" },
      {
        path: "name",
        allows: isWord,
        required: "a fixed name, by which checks and composite alarms find it",
      },
      ...(isSet(valueAt(properties, "thresholdMetricId")) ? [] : [threshold]),
      ...(isSet(queries) ? [] : [...metricChecks(valueAt(properties, "metricName")), statistic]),
    ];
    checkProperties(alarm, report, checks);
    if (Array.isArray(queries) && queries.length > 0) checkQueries(alarm, queries, report);
  },
});
