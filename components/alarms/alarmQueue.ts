import { all, ComponentResource, type ComponentResourceOptions, type Input } from "@pulumi/pulumi";
import * as sns from "@pulumi/aws/sns";
import * as sqs from "@pulumi/aws/sqs";
import { alarmQueue } from "../../decisions/alarms/alarm";

export interface AlarmQueueArgs {
  application: string;
  stack: string;
  /** ARN of the topic that the alarms tell. */
  topicArn: Input<string>;
}

/** Days that a message waits for a command to read it: SQS's longest, for a stack that nobody touches over a holiday. */
const retentionDays = 14;

/** Seconds within which a command that took a message has put it on its disk; after that another one may take it. */
const visibilitySeconds = 30;

/** A queue in which the commands find what the release alarms told, so that an alarm opens an incident. */
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
      // What SNS sends before it may is lost.
      { parent: this, dependsOn: allowed },
    );
    this.registerOutputs();
  }
}
