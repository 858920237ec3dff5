import { createHash } from "node:crypto";
import type { Resource } from "@pulumi/pulumi";
import * as sns from "@pulumi/aws/sns";
import type { Subscriber } from "../../decisions/alarms/subscribers";

/**
 * Subscribes everybody to a topic. Each subscription is named after its address, so that adding or removing one leaves the
 * others alone: SNS asks an e-mail address for consent again after every change.
 */
export function alarmSubscriptions(
  name: string,
  topic: sns.Topic,
  subscribers: readonly Subscriber[],
  parent: Resource,
): void {
  for (const { protocol, endpoint } of subscribers) {
    const key = createHash("sha256").update(`${protocol} ${endpoint}`).digest("hex").slice(0, 8);
    new sns.TopicSubscription(
      `${name}-${protocol}-${key}`,
      { topic: topic.arn, protocol, endpoint },
      { parent },
    );
  }
}
