import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { within } from "../shell/wait";
import { awsClient } from "./aws";

/** One message as it lies in a queue. */
export interface QueuedMessage {
  body: string;
  /** Takes it out of the queue; one that is not taken out comes again. */
  done(): Promise<void>;
  /** Gives it back at once; without that it comes again when the queue's visibility time-out is over. */
  again(): Promise<void>;
}

/** A queue of the stack. */
export interface Queue {
  /** What lies in it, at most ten. */
  receive(signal: AbortSignal): Promise<QueuedMessage[]>;
  /** How much lies in it, also what somebody has in hand; SQS says it is about that. */
  count(signal: AbortSignal): Promise<number>;
  /** Puts a message behind all others of its group, once for each id; for a queue that keeps an order. */
  send(body: string, place: { group: string; id: string }, signal: AbortSignal): Promise<void>;
}

/** Messages that are taken at once; SQS's most. */
const atOnce = 10;

/** Seconds in which a message is taken out or given back. */
const patience = 5;

/** The queue named `name`; undefined where there is none yet. Throws where that cannot be said. */
export async function openQueue(
  region: string | undefined,
  name: string,
  signal: AbortSignal,
): Promise<Queue | undefined> {
  const client = new SQSClient(awsClient(region));
  let QueueUrl: string | undefined;
  try {
    // Beside the SDK's own: whatever it takes to find credentials does not listen to a signal.
    ({ QueueUrl } = await within(
      client.send(new GetQueueUrlCommand({ QueueName: name }), { abortSignal: signal }),
      signal,
    ));
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
  // Not the receiver's signal: what is dealt with must be taken out, also when no further one will be.
  const brief = () => ({ abortSignal: AbortSignal.timeout(patience * 1000) });
  return {
    async receive(abortSignal) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: atOnce, WaitTimeSeconds: 0 }),
        { abortSignal },
      );
      return Messages.map(({ Body = "", ReceiptHandle }) => ({
        body: Body,
        done: async () => {
          await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }), brief());
        },
        again: async () => {
          await client.send(
            new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
            brief(),
          );
        },
      }));
    },
    async count(abortSignal) {
      const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }),
        { abortSignal },
      );
      return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
    },
    async send(body, { group, id }, abortSignal) {
      await client.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: body,
          MessageGroupId: group,
          // Ids are told apart in the whole queue: one message to several channels has the same one in each.
          MessageDeduplicationId: `${group}:${id}`,
        }),
        { abortSignal },
      );
    },
  };
}
