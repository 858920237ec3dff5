import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openQueue } from "../../../cli/ports/queue";
import { Fault, recordedAws } from "./recordedAws";

const aws = recordedAws();
const never = new AbortController().signal;

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

/** Answers of one queue: two messages lie in it, and one is in somebody's hands. */
function queue(): string {
  const QueueUrl = `${process.env.AWS_ENDPOINT_URL}/outbox.fifo`;
  aws.answer = ({ operation, input }) => {
    if (operation === "GetQueueUrl") return { QueueUrl };
    if (operation === "GetQueueAttributes")
      return { Attributes: { ApproximateNumberOfMessages: "2", ApproximateNumberOfMessagesNotVisible: "1" } };
    if (operation === "ReceiveMessage")
      return {
        Messages: [
          { MessageId: "1", Body: "one", MD5OfBody: md5("one"), ReceiptHandle: "handle-1" },
          { MessageId: "2", Body: "two", MD5OfBody: md5("two"), ReceiptHandle: "handle-2" },
        ],
      };
    return { MessageId: "3", MD5OfMessageBody: md5(String(input.MessageBody)) };
  };
  return QueueUrl;
}
const open = async () => (await openQueue("eu-central-1", "outbox.fifo", never)) ?? expect.unreachable();
const inputOf = (operation: string) => aws.calls.find((call) => call.operation === operation)?.input;

describe("a queue of the stack", () => {
  it("that is not there yet is undefined, and one that may not be asked for is an error", async () => {
    aws.answer = () => new Fault("QueueDoesNotExist");
    expect(await openQueue("eu-central-1", "outbox.fifo", never)).toBeUndefined();
    aws.answer = () => new Fault("AccessDeniedException");
    await expect(openQueue("eu-central-1", "outbox.fifo", never)).rejects.toThrow(/AccessDenied/);
  });

  it("counts also what somebody has in hand", async () => {
    queue();
    expect(await (await open()).count(never)).toBe(3);
  });

  it("gives its messages, which are taken out or given back one by one", async () => {
    const QueueUrl = queue();
    const [one, two] = await (await open()).receive(never);
    expect([one?.body, two?.body]).toEqual(["one", "two"]);
    await one?.done();
    await two?.again();
    expect(inputOf("DeleteMessage")).toEqual({ QueueUrl, ReceiptHandle: "handle-1" });
    expect(inputOf("ChangeMessageVisibility")).toEqual({
      QueueUrl,
      ReceiptHandle: "handle-2",
      VisibilityTimeout: 0,
    });
  });

  it("takes one id once for each channel, not once in all", async () => {
    queue();
    await (await open()).send("text", { group: "comms-topic", id: "7" }, never);
    expect(inputOf("SendMessage")).toMatchObject({
      MessageGroupId: "comms-topic",
      MessageDeduplicationId: "comms-topic:7",
    });
  });

  it("still lets go of a message when the receiver was told to stop", async () => {
    queue();
    const stop = new AbortController();
    const [one] = await (await open()).receive(stop.signal);
    stop.abort(new Error("stopped"));
    await one?.done();
    expect(aws.operations()).toContain("DeleteMessage");
  });

  it("is not waited for beyond the signal", async () => {
    const limit = AbortSignal.abort(new Error("5 s are over"));
    await expect(openQueue("eu-central-1", "outbox.fifo", limit)).rejects.toThrow("5 s are over");
  });
});
