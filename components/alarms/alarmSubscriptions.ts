import { createHash } from "node:crypto";
import type { Resource } from "@pulumi/pulumi";
import * as sns from "@pulumi/aws/sns";
import type { Subscriber } from "../../decisions/alarms/subscribers";

/**
 * Subscribes everybody to a topic. Each is named after its address, so that one more or one fewer leaves the others as they
 * are: SNS asks an e-mail address anew for its consent after each change.
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
