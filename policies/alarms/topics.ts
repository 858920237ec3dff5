import { mayName, names, ofType } from "../resourceGraph";
import type { Declared } from "../rule";
import { types } from "../types";
import { isSet, listAt, maybe, unknown, valueAt } from "../propertyValues";

/** Whom an alarm reaches. */

/** Where an alarm's actions end: nobody, a topic that nobody listens to, or somebody. */
export type Reach = "nothing" | "nobody" | "somebody";

/** Whether a topic has a subscriber; one outside the stack is assumed to have one. */
export function topicReach(
  resources: readonly Declared[],
  from: Declared,
  property: string,
  arn: unknown,
): Reach {
  const topics = ofType(resources, types.topic).filter((topic) => names(from, property, arn, topic) !== "no");
  if (topics.length === 0)
    return arn === unknown ||
      /^arn:[^:]+:(sns|ssm|ssm-contacts|lambda|ec2|autoscaling|swf):/.test(String(arn))
      ? "somebody"
      : "nothing";
  const isHeard = ofType(resources, types.subscription).some(
    (subscription) =>
      isDelivered(subscription) && topics.some((topic) => mayName(subscription, "topic", topic)),
  );
  return isHeard ? "somebody" : "nobody";
}

/** What an endpoint looks like, by protocol of SNS. */
const endpoints: Readonly<Record<string, RegExp>> = {
  email: /.@./,
  "email-json": /.@./,
  sms: /^\+?\d/,
  http: /^http:/,
  https: /^https:/,
  sqs: /^arn:[^:]+:sqs:/,
  lambda: /^arn:[^:]+:lambda:/,
  firehose: /^arn:[^:]+:firehose:/,
  application: /^arn:[^:]+:sns:/,
};

/** Whether a subscription reaches a person. A queue of the stack itself keeps messages for a program and wakes nobody. */
function isDelivered({ properties, references }: Declared): boolean {
  const [protocol, endpoint] = ["protocol", "endpoint"].map((key) => valueAt(properties, key));
  const isOwnQueue = references.endpoint?.some((urn) => urn.includes(types.queue)) ?? false;
  if (isOwnQueue || !isSet(endpoint)) return false;
  if (protocol === unknown) return true;
  const form = typeof protocol === "string" ? endpoints[protocol] : undefined;
  return form !== undefined && maybe(endpoint, (value) => form.test(String(value)));
}

/** The furthest that any of an alarm's actions reaches. */
export function alarmReach(resources: readonly Declared[], alarm: Declared): Reach {
  if (valueAt(alarm.properties, "actionsEnabled") === false) return "nothing";
  if (valueAt(alarm.properties, "alarmActions") === unknown) return "somebody";
  const reaches = listAt(alarm.properties, "alarmActions").map((arn) =>
    topicReach(resources, alarm, "alarmActions", arn),
  );
  return furthest(reaches);
}

export const furthest = (reaches: readonly Reach[]): Reach =>
  (["somebody", "nobody"] as const).find((reach) => reaches.includes(reach)) ?? "nothing";

/** The composite alarms that ask for an alarm's state. */
export const compositesOf = (resources: readonly Declared[], alarm: Declared): Declared[] => {
  const name = valueAt(alarm.properties, alarm.type === types.metricAlarm ? "name" : "alarmName");
  return ofType(resources, types.compositeAlarm).filter((composite) => {
    const rule = valueAt(composite.properties, "alarmRule");
    return (
      composite !== alarm &&
      (rule === unknown ||
        composite.references.alarmRule?.includes(alarm.urn) ||
        (typeof rule === "string" &&
          typeof name === "string" &&
          new RegExp(`["(:]${escaped(name)}["')]`).test(rule)))
    );
  });
};

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
