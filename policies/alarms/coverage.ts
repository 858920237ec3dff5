import { names, ofType } from "../resourceGraph";
import { type Declared, stackRule } from "../rule";
import { types } from "../types";
import { listAt, maybe, unknown, valueAt } from "../propertyValues";

/** Rules about what needs an alarm, and about topics that alarms have left behind. */

/** What must be watched of each target group, and by which metrics; `least` is the shortest time, seconds. */
const watched = [
  { what: "errors", metrics: ["HTTPCode_Target_5XX_Count"], least: 0 },
  { what: "latency", metrics: ["TargetResponseTime"], least: 0 },
  { what: "hosts", metrics: ["UnHealthyHostCount", "HealthyHostCount"], least: 0 },
  // Over half an hour or more: shorter is the error alarm.
  { what: "burn rate", metrics: ["HTTPCode_Target_5XX_Count"], least: 1800 },
] as const;

export const slotAlarmed = stackRule<{ require: string[] }>({
  id: "slot-alarmed",
  area: "alarms",
  severity: "high",
  rows: ["F1", "A6", "C1"],
  description: "Every target group has alarms on errors, latency, burn rate and hosts.",
  why: "The alarm of the whole load balancer does not see a canary of 10 % that fails every tenth request.",
  remedy: "Declare an alarm on each, with the dimension TargetGroup.",
  settings: {
    require: {
      type: "array",
      items: { type: "string" },
      description: `What must be watched: ${watched.map(({ what }) => what).join(", ")}.`,
      default: watched.map(({ what }) => what),
    },
  },
  checkStack(resources, report, { require }) {
    const alarms = ofType(resources, types.metricAlarm);
    for (const group of ofType(resources, types.targetGroup)) {
      const own = alarms.flatMap((alarm) =>
        metricsOf(alarm)
          .filter((metric) => isOfGroup(alarm, metric, group))
          .map((metric) => ({ alarm, ...metric })),
      );
      for (const { what, metrics, least } of watched) {
        if (!require.includes(what)) continue;
        const found = own.some(
          ({ name, seconds }) =>
            maybe(name, (one) => (metrics as readonly unknown[]).includes(one)) &&
            (least === 0 || seconds >= least),
        );
        if (!found)
          report(
            {
              found: `no alarm on ${what}`,
              required: `one on ${metrics.join(" or ")}${least > 0 ? ` over ${least / 60} minutes or more` : ""} with its dimension TargetGroup`,
              fix: "Declare it, with the last part of the target group's ARN as dimension.",
            },
            group,
          );
      }
    }
  },
});

interface Metric {
  name: unknown;
  group: unknown;
  property: string;
  /** Period times evaluation periods. */
  seconds: number;
}

/** A number of seconds; one that is not known yet may be long enough. */
const seconds = (value: unknown): number => (value === unknown ? Infinity : Number(value));

function metricsOf({ properties }: Declared): Metric[] {
  const periods = seconds(valueAt(properties, "evaluationPeriods"));
  return [
    {
      name: valueAt(properties, "metricName"),
      group: valueAt(properties, "dimensions.TargetGroup"),
      property: "dimensions",
      seconds: seconds(valueAt(properties, "period")) * periods,
    },
    ...listAt(properties, "metricQueries").map((query) => ({
      name: valueAt(query, "metric.metricName"),
      group: valueAt(query, "metric.dimensions.TargetGroup"),
      property: "metricQueries",
      seconds: seconds(valueAt(query, "metric.period")) * periods,
    })),
  ].filter(({ name }) => name !== undefined);
}

function isOfGroup(alarm: Declared, { group, property }: Metric, target: Declared): boolean {
  const arn = valueAt(target.properties, "arn");
  if (group === unknown || arn === unknown || arn === undefined)
    return names(alarm, property, unknown, target) !== "no";
  return typeof arn === "string" && typeof group === "string" && arn.endsWith(`:${group}`);
}

export const topicIsUsed = stackRule<{ toldFromOutside: string[] }>({
  id: "topic-is-used",
  area: "alarms",
  severity: "low",
  level: "advisory",
  rows: ["C1"],
  description: "Something in the stack publishes to each of its topics: an alarm, a vault or an event rule.",
  why: "A topic that nothing publishes to is left over from an alarm that somebody removed.",
  remedy: "Put its ARN into `alarmActions`, or remove it.",
  settings: {
    toldFromOutside: {
      type: "array",
      items: { type: "string" },
      description:
        "Prefixes of the logical names of topics that something outside the stack publishes to, such as a command.",
      default: [],
    },
  },
  checkStack(resources, report, { toldFromOutside }) {
    const senders = resources.filter(
      ({ type }) => ![types.subscription, types.topic, "aws:sns/topicPolicy:TopicPolicy"].includes(type),
    );
    for (const topic of ofType(resources, types.topic)) {
      if (toldFromOutside.some((start) => topic.name.startsWith(start))) continue;
      const isTold = senders.some(
        (sender) =>
          Object.values(sender.references).some((targets) => targets.includes(topic.urn)) ||
          ["alarmActions", "okActions", "insufficientDataActions"].some((key) =>
            listAt(sender.properties, key).some((arn) => names(sender, key, arn, topic) === "yes"),
          ) ||
          names(sender, "snsTopicArn", valueAt(sender.properties, "snsTopicArn"), topic) === "yes",
      );
      if (!isTold)
        report(
          {
            found: "nothing that publishes to it",
            required: "an alarm or a notification to it",
            fix: "Use it or remove it.",
          },
          topic,
        );
    }
  },
});
