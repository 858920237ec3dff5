import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createChannels, type Message } from "../../../cli/ports/channels";
import { recordedAws } from "./recordedAws";

const aws = recordedAws();
const both = { en: "school", ar: "مدرسة" };
const message: Message = {
  audience: "on-call",
  subject: "Incident: 1.2.0 – rolled back",
  text: "All is well.",
};

const channels = (environment: Record<string, string> = {}) =>
  createChannels({
    comms: { school: both, contact: both, webhook: "HOOK" },
    application: "school",
    stack: "prod",
    region: "eu-central-1",
    environment,
  });

/** SNS with these topics, one a page. */
function topics(...names: string[]): void {
  aws.answer = ({ operation, input }) => {
    if (operation === "Publish") return "<MessageId>1</MessageId>";
    const at = Number(input.NextToken ?? 0);
    const member = names.slice(at, at + 1).map((name) => `<member><TopicArn>arn:${name}</TopicArn></member>`);
    const more = at + 1 < names.length ? `<NextToken>${at + 1}</NextToken>` : "";
    return `<Topics>${member.join("")}</Topics>${more}`;
  };
}

describe("a stack's topics", () => {
  it("get the message on the one of its audience, with an id and a subject that SNS takes", async () => {
    topics("school-prod-eu-on-call", "school-prod-stakeholders", "school-prod-on-call");
    await channels()[0]?.send(message, "id-1");
    expect(aws.operations()).toEqual(["ListTopics", "ListTopics", "ListTopics", "Publish"]);
    expect(aws.calls.at(-1)?.input).toMatchObject({
      TopicArn: "arn:school-prod-on-call",
      Subject: "Incident: 1.2.0   rolled back",
      Message: "All is well.",
      "MessageAttributes.entry.1.Value.StringValue": "id-1",
    });
  });

  it("that are not there yet are an error that says what makes them", async () => {
    topics("school-staging-on-call");
    await expect(channels()[0]?.send(message, "id-1")).rejects.toThrow(
      "there is no topic school-prod-on-call: the next update of the stack makes it",
    );
  });
});

describe("a stack's webhook", () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** A channel whose receiver answers with this status, and what it got. */
  async function hook(status: number) {
    const got: string[] = [];
    server = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => void got.push(chunk.toString()));
      request.on("end", () => void response.writeHead(status).end());
    });
    await new Promise<void>((done) => void server?.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`;
    const channel = channels({ HOOK: url })[1] ?? expect.unreachable();
    return { channel, got };
  }

  it("is there only where its variable is set", () =>
    expect(
      [channels(), channels({ HOOK: "http://localhost/" })].map((all) => all.map(({ name }) => name)),
    ).toEqual([["topic"], ["topic", "webhook"]]));

  it("gets subject and text, as Slack shows them", async () => {
    const { channel, got } = await hook(200);
    await channel.send(message, "id-1");
    expect(JSON.parse(got.join(""))).toEqual({ text: "*Incident: 1.2.0 – rolled back*\nAll is well." });
  });

  it("that refuses, or is not there, is an error without its secret address", async () => {
    const { channel } = await hook(410);
    await expect(channel.send(message, "id-1")).rejects.toThrow(/^the webhook answered 410$/);
    server?.closeAllConnections();
    await new Promise((closed) => server?.close(closed));
    const failure = await channel.send(message, "id-1").catch((error: unknown) => error as Error);
    expect(failure).toHaveProperty("message", "the webhook did not answer");
    expect(failure).not.toHaveProperty("cause");
  });
});
