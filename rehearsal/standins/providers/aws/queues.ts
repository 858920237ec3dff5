/** SQS queues. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { toApi } from "./fields";
import { perRegion, type Live } from "./live";

const client = perRegion((options) => new SQSClient(options));

const fields = {
  name: "QueueName",
  messageRetentionSeconds: "MessageRetentionPeriod",
  visibilityTimeoutSeconds: "VisibilityTimeout",
  sqsManagedSseEnabled: "SqsManagedSseEnabled",
  fifoQueue: "FifoQueue",
};

const attributesOf = (inputs: Parameters<Live["create"]>[1]): Record<string, string> => {
  const { QueueName: _, ...attributes } = toApi(fields, inputs) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
};

/** Queues in the local cloud; a queue's id is its URL. */
export const queues: Live = {
  fields,
  async create(region, inputs) {
    const wanted = { QueueName: String(inputs["name"]), Attributes: attributesOf(inputs) };
    return (await client(region).send(new CreateQueueCommand(wanted))).QueueUrl ?? "";
  },
  async read(region, id) {
    try {
      const asked = new GetQueueAttributesCommand({ QueueUrl: id, AttributeNames: ["All"] });
      const { Attributes: now = {} } = await client(region).send(asked);
      return {
        name: id.split("/").at(-1),
        url: id,
        arn: now["QueueArn"],
        messageRetentionSeconds: Number(now["MessageRetentionPeriod"]),
        visibilityTimeoutSeconds: Number(now["VisibilityTimeout"]),
        sqsManagedSseEnabled: now["SqsManagedSseEnabled"] === "true",
        fifoQueue: now["FifoQueue"] === "true",
        tagsAll: {},
      };
    } catch (error) {
      if (error instanceof QueueDoesNotExist) return undefined;
      throw error;
    }
  },
  async update(region, id, inputs) {
    // Whether a queue keeps an order is said once, when it is made.
    const { FifoQueue: _, ...Attributes } = attributesOf(inputs);
    await client(region).send(new SetQueueAttributesCommand({ QueueUrl: id, Attributes }));
  },
  remove: (region, id) => client(region).send(new DeleteQueueCommand({ QueueUrl: id })),
  // No command reads a queue's tags.
  tag: () => Promise.resolve(),
};
