import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
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
  let QueueUrl: string | undefined;
  try {
    ({ QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }), { abortSignal: signal }));
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return [];
    throw error;
  }
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
