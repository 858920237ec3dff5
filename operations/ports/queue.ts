import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
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
    ({ QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }), { abortSignal: signal }));
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
    async send(body, { group, id }, abortSignal) {
      await client.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: body,
          MessageGroupId: group,
          MessageDeduplicationId: id,
        }),
        { abortSignal },
      );
    },
  };
}
