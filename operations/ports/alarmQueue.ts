import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { awsClient } from "./aws";

/** One message as it lies in the queue. */
export interface QueuedMessage {
  body: string;
  /** Takes it out of the queue; one that is not taken out comes again. */
  done(): Promise<void>;
}

/** Messages that are taken at once; SQS's most. */
const atOnce = 10;

/** What lies in the queue named `name`, at most ten; nothing where there is no such queue yet. Ends with `signal`. */
export async function receive(
  region: string | undefined,
  name: string,
  signal: AbortSignal,
): Promise<QueuedMessage[]> {
  const client = new SQSClient(awsClient(region));
  const QueueUrl = await urlOf(client, name, signal);
  if (QueueUrl === undefined) return [];
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: atOnce, WaitTimeSeconds: 0 }),
    { abortSignal: signal },
  );
  return Messages.map(({ Body = "", ReceiptHandle }) => ({
    body: Body,
    done: async () => {
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }), { abortSignal: signal });
    },
  }));
}

/** Puts one message into the queue named `name`. Throws where there is no such queue. Ends with `signal`. */
export async function send(
  region: string | undefined,
  name: string,
  body: string,
  signal: AbortSignal,
): Promise<void> {
  const client = new SQSClient(awsClient(region));
  const QueueUrl = await urlOf(client, name, signal);
  if (QueueUrl === undefined)
    throw new Error(`there is no queue ${name}: the next update of the stack makes it`);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body }), { abortSignal: signal });
}

/** Address of the queue named `name`; undefined where there is none yet. */
async function urlOf(client: SQSClient, name: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await client.send(new GetQueueUrlCommand({ QueueName: name }), { abortSignal: signal })).QueueUrl;
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}
