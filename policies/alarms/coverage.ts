import { names, ofType } from "../resourceGraph";
import { type Declared, stackRule, textsSetting } from "../rule";
import { types } from "../types";
import { listAt, maybe, unknown, valueAt } from "../propertyValues";
import { type Metric, metricsOf } from "./metricQueries";

/** Rules about what needs an alarm, and about topics that alarms have left behind. */

/** What must be watched of each target group, and by which metrics; `least` is the shortest time, seconds. */
const watched = [
  { what: "errors", metrics: ["HTTPCode_Target_5XX_Count"], least: 0 },
  { what: "latency", metrics: ["TargetResponseTime"], least: 0 },
  { what: "hosts", metrics: ["UnHealthyHostCount", "HealthyHostCount"], least: 0 },
  // Over half an hour or more: shorter is the error alarm.
  { what: "burn rate", metrics: ["HTTPCode_Target_5XX_Count"], least: 1800 },
] as const;

export const slotAlarmed = stackRule({
  id: "slot-alarmed",
  area: "alarms",
  severity: "high",
  rows: ["F1", "A6", "C1"],
  description: "Every target group has alarms on errors, latency, burn rate and hosts.",
  why: "The alarm of the whole load balancer does not see a canary of 10 % that fails every tenth request.",
  remedy: "Declare an alarm on each, with the dimension TargetGroup.",
  settings: {
    require: textsSetting(
      `What must be watched: ${watched.map(({ what }) => what).join(", ")}.`,
      watched.map(({ what }) => what),
    ),
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
          report(group, {
            found: `no alarm on ${what}`,
            required: `one on ${metrics.join(" or ")}${least > 0 ? ` over ${least / 60} minutes or more` : ""} with its dimension TargetGroup`,
            fix: "Declare it, with the last part of the target group's ARN as dimension.",
          });
      }
    }
  },
});

function isOfGroup(alarm: Declared, { group, property }: Metric, target: Declared): boolean {
  const arn = valueAt(target.properties, "arn");
  if (group === unknown || arn === unknown || arn === undefined)
    return names(alarm, property, unknown, target) !== "no";
  return typeof arn === "string" && typeof group === "string" && arn.endsWith(`:${group}`);
}

export const topicIsUsed = stackRule({
  id: "topic-is-used",
  area: "alarms",
  severity: "low",
  level: "advisory",
  rows: ["C1"],
  description: "Something in the stack publishes to each of its topics: an alarm, a vault or an event rule.",
  why: "A topic that nothing publishes to is left over from an alarm that somebody removed.",
  remedy: "Put its ARN into `alarmActions`, or remove it.",
  settings: {
    toldFromOutside: textsSetting(
      "Prefixes of the logical names of topics that something outside the stack publishes to, such as a command.",
    ),
  },
  checkStack(resources, report, { toldFromOutside }) {
    const senders = resources.filter(
      ({ type }) => ![types.subscription, types.topic, "aws:sns/topicPolicy:TopicPolicy"].includes(type),
    );
    for (const topic of ofType(resources, types.topic)) {
      if (toldFromOutside.some((start) => topic.name.startsWith(start))) continue;
      const isUsed = senders.some(
        (sender) =>
          Object.values(sender.references).some((targets) => targets.includes(topic.urn)) ||
          ["alarmActions", "okActions", "insufficientDataActions"].some((key) =>
            listAt(sender.properties, key).some((arn) => names(sender, key, arn, topic) === "yes"),
          ) ||
          names(sender, "snsTopicArn", valueAt(sender.properties, "snsTopicArn"), topic) === "yes",
      );
      if (!isUsed)
        report(topic, {
          found: "nothing that publishes to it",
          required: "an alarm or a notification to it",
          fix: "Use it or remove it.",
        });
    }
  },
});
