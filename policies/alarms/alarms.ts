import { checkProperties, isOneOf, isWord, propertyReporter } from "../propertyChecks";
import { isSet, shown, unknown, valueAt, valuesAt } from "../propertyValues";
import { ofType } from "../resourceGraph";
import { booleanSetting, resourceRule, stackRule } from "../rule";
import { types } from "../types";
import { alarmReach, compositesOf, furthest } from "./topics";

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
    checkProperties(alarm, report, [
      {
        path: "treatMissingData",
        allows: isOneOf("breaching", "notBreaching", "ignore"),
        required: "breaching, notBreaching or ignore",
        fix: "Decide what no data means: nothing went wrong, or nothing happened.",
      },
    ]);
  },
});

export const alarmReachesSomebody = stackRule({
  id: "alarm-reaches-somebody",
  area: "alarms",
  severity: "critical",
  rows: ["F1", "C1"],
  description:
    "Every alarm notifies a topic, itself or through a composite alarm, when it rings and when it clears.",
  why: "An alarm without an action only colours a dashboard, while everybody believes that it wakes somebody.",
  remedy: "Set `alarmActions` and `okActions` to the ARN of a topic, and subscribe somebody to it.",
  settings: {
    requireSubscriber: booleanSetting(
      "Whether a topic that is declared in the stack must have a subscription there.",
      false,
    ),
    requireRecovery: booleanSetting("Whether an alarm must also notify when it clears.", true),
  },
  checkStack(resources, report, { requireSubscriber, requireRecovery }) {
    for (const alarm of ofType(resources, types.metricAlarm, types.compositeAlarm)) {
      const own = alarmReach(resources, alarm);
      const best =
        own === "nothing"
          ? furthest(compositesOf(resources, alarm).map((one) => alarmReach(resources, one)))
          : own;
      const [enabled, actions, okActions] = ["actionsEnabled", "alarmActions", "okActions"].map((key) =>
        valueAt(alarm.properties, key),
      );
      if (best === "nothing" || enabled === false)
        report(alarm, {
          at: "alarmActions",
          found: enabled === false ? "actions switched off" : shown(actions),
          required: "the ARN of a topic, or a composite alarm that asks for it and has one",
          fix: "Add the topic to `alarmActions`.",
        });
      else if (best === "nobody" && requireSubscriber)
        report(alarm, {
          at: "alarmActions",
          found: "a topic without a subscription",
          required: "a subscription",
          fix: "Declare a TopicSubscription.",
        });
      const reportAt = propertyReporter(alarm, report);
      if (own !== "nothing" && requireRecovery && !isSet(okActions))
        reportAt(
          "okActions",
          okActions,
          "the ARN of a topic",
          "Notify when the alarm clears, too: whoever was woken wants to sleep again.",
        );
      for (const key of ["alarmActions", "okActions"])
        for (const { path, value } of valuesAt(alarm.properties, `${key}[]`))
          if (isSet(valueAt(alarm.properties, key)) && value !== unknown && !/^arn:/.test(String(value)))
            reportAt(path, value, "an ARN", "Give the topic's `arn`.");
      if (alarm.type === types.compositeAlarm)
        checkProperties(alarm, report, [
          {
            path: "alarmName",
            allows: isWord,
            required: "a fixed name, by which checks and other composite alarms find it",
          },
          {
            path: "alarmRule",
            allows: (rule) => /ALARM\s*\(/.test(String(rule)),
            required: "a rule of ALARM(...)",
          },
          { path: "alarmDescription", allows: isWord, required: "what it means and what to do" },
        ]);
    }
  },
});
