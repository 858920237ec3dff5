import { checkProperties, isOneOf, isWord } from "../propertyChecks";
import { isSet, shown, unknown, valueAt, valuesAt } from "../propertyValues";
import { ofType } from "../resourceGraph";
import { resourceRule, stackRule } from "../rule";
import { types } from "../types";
import { alarmReach, compositesOf } from "./topics";

/** Rules about what an alarm means and whom it tells. */

export const alarmMissingDataDecided = resourceRule({
  id: "alarm-missing-data-decided",
  area: "alarms",
  severity: "high",
  rows: ["F1"],
  description: "A metric alarm says what a period without data means.",
  why: "By default such an alarm keeps its state or changes to `insufficient data`: a dead exporter looks like a quiet night.",
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

export const alarmReachesSomebody = stackRule<{ requireSubscriber: boolean; requireRecovery: boolean }>({
  id: "alarm-reaches-somebody",
  area: "alarms",
  severity: "critical",
  rows: ["F1", "C1"],
  description:
    "Every alarm notifies a topic, itself or through a composite alarm, when it rings and when it clears.",
  why: "An alarm without an action only colours a dashboard, while everybody believes that it wakes somebody.",
  remedy: "Set `alarmActions` and `okActions` to the ARN of a topic, and subscribe somebody to it.",
  settings: {
    requireSubscriber: {
      type: "boolean",
      description: "Whether a topic that is declared in the stack must have a subscription there.",
      default: false,
    },
    requireRecovery: {
      type: "boolean",
      description: "Whether an alarm must also notify when it clears.",
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
            fix: "Notify when the alarm clears, too: whoever was woken wants to sleep again.",
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
