import { createHash } from "node:crypto";
import type { Resource } from "@pulumi/pulumi";
import * as sns from "@pulumi/aws/sns";
import type { Subscriber } from "../../decisions/alarms/subscribers";

/**
 * A topic with its subscribers. Each subscription is named after its address, so that adding or removing one leaves the others
 * alone: SNS asks an e-mail address for consent again after every change.
 */
export function subscribedTopic(
  name: string,
  awsName: string,
  subscribers: readonly Subscriber[],
  parent: Resource,
): sns.Topic {
  const topic = new sns.Topic(name, { name: awsName }, { parent });
  for (const { protocol, endpoint } of subscribers) {
    const key = createHash("sha256").update(`${protocol} ${endpoint}`).digest("hex").slice(0, 8);
    new sns.TopicSubscription(
      `${name}-${protocol}-${key}`,
      { topic: topic.arn, protocol, endpoint },
      { parent },
    );
  }
  return topic;
}
