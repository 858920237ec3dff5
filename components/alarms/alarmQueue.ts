import { all, ComponentResource, type ComponentResourceOptions, type Input } from "@pulumi/pulumi";
import * as sns from "@pulumi/aws/sns";
import * as sqs from "@pulumi/aws/sqs";
import { alarmQueue } from "../../decisions/alarms/alarm";

export interface AlarmQueueArgs {
  /** Name of the application; with the stack it makes the queue's name. */
  application: string;
  stack: string;
  /** ARN of the topic that the alarms notify. */
  topicArn: Input<string>;
}

/** Days that a message waits for a command to read it: SQS's maximum, so that a stack can stay untouched over a holiday. */
const retentionDays = 14;

/** Seconds that a command has to save a message that it received; after that another command may receive it. */
const visibilitySeconds = 30;

/** A queue from which the commands read the release alarms' notifications, so that an alarm opens an incident. */
export class AlarmQueue extends ComponentResource {
  constructor(name: string, args: AlarmQueueArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:AlarmQueue", name, {}, options);
    const { application, stack, topicArn } = args;
    const queue = new sqs.Queue(
      name,
      {
        name: alarmQueue(application, stack),
        messageRetentionSeconds: retentionDays * 86_400,
        visibilityTimeoutSeconds: visibilitySeconds,
        sqsManagedSseEnabled: true,
      },
      { parent: this },
    );
    const policy = all([queue.arn, topicArn]).apply(([queueArn, topic]) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "AlarmsOnly",
            Effect: "Allow",
            Principal: { Service: "sns.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: queueArn,
            Condition: { ArnEquals: { "aws:SourceArn": topic } },
          },
        ],
      }),
    );
    const allowed = new sqs.QueuePolicy(`${name}-policy`, { queueUrl: queue.url, policy }, { parent: this });
    new sns.TopicSubscription(
      `${name}-subscription`,
      { topic: topicArn, protocol: "sqs", endpoint: queue.arn },
      // A message that SNS sends before the policy allows it is lost.
      { parent: this, dependsOn: allowed },
    );
    this.registerOutputs();
  }
}
