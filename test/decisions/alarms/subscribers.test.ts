import { describe, expect, it } from "vitest";
import { nobodyIsTold, subscribersSchema } from "../../../decisions/alarms/subscribers";

const email = { protocol: "email", endpoint: "on-call@school.example.com" } as const;

describe("config alarms.subscribers", () => {
  it.each([
    email,
    { protocol: "https", endpoint: "https://hooks.school.example.com/alarms" },
    { protocol: "sqs", endpoint: "arn:aws:sqs:eu-central-1:123456789012:alarms" },
    { protocol: "lambda", endpoint: "arn:aws:lambda:eu-central-1:123456789012:function:page" },
  ])("takes %j", (one) => expect(subscribersSchema.parse([one])).toEqual([one]));

  it.each([
    [[{ protocol: "email", endpoint: "on-call" }], /must be an e-mail address/],
    [[{ protocol: "http", endpoint: "http://hooks.school.example.com" }], /protocol/],
    [[{ protocol: "https", endpoint: "https://hooks.example.com/?key=secret" }], /without user or query/],
    [[{ protocol: "https", endpoint: "https://user:secret@hooks.example.com/" }], /without user or query/],
    [[{ protocol: "sqs", endpoint: "arn:aws:sns:eu-central-1:123456789012:alarms" }], /ARN of sqs/],
    [[{ ...email, name: "on call" }], /name/],
    [[email, email], /must not name anybody twice/],
  ])("refuses %j", (given, message) => {
    const read = subscribersSchema.safeParse(given);
    expect(read.success ? "" : read.error.message).toMatch(message);
  });
});

describe("that somebody is told", () => {
  it("is asked of production, and of nothing before it", () => {
    const untold = { alarms: { subscribers: [] } };
    expect(nobodyIsTold({ ...untold, promotedFrom: "staging" })).toMatch(/^alarms\.subscribers: is empty/);
    expect(nobodyIsTold(untold)).toBeUndefined();
    expect(nobodyIsTold({ alarms: { subscribers: [email] }, promotedFrom: "staging" })).toBeUndefined();
  });
});
