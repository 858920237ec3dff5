import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { deliverMessages, messagesWait, notify, waitsFor } from "../../../cli/incident/notify";
import type { Message } from "../../../cli/ports/channels";
import { broken, sent } from "../memory/channels";
import { recordedStack } from "../memory/recorded";
import { live, memoryStack, type MemoryStack } from "../memory/stack";

vi.mock("../../../cli/ports/channels", () => import("../memory/channels.js"));

let stack: MemoryStack;
beforeEach(() => (stack = recordedStack()));
afterEach(() => void vi.unstubAllEnvs());

const message: Message = { audience: "on-call", subject: "grades", text: "are missing" };
const proof = { path: "/deployment-safety/prod/evidence/notice/x", value: { subject: "x" } };
const proved = () => JSON.parse(stack.parameters.get(proof.path) ?? "null") as unknown;

describe("a message", () => {
  it("goes to every channel that this machine has, and nowhere without `comms`", async () => {
    expect(await notify(stack.context(), message)).toEqual(["topic"]);
    vi.stubEnv("HOOK", "https://hook.example.com");
    expect(await notify(stack.context(), message)).toEqual(["topic", "webhook"]);
    expect(await notify(memoryStack({}, live()).context(), message)).toEqual([]);
    expect(sent).toMatchObject([message, message, message]);
  });

  it("waits for a channel that does not take it, in order, and does not keep it from the others", async () => {
    vi.stubEnv("HOOK", "https://hook.example.com");
    broken.set("topic", new Error("there is no topic"));
    const ctx = stack.context();
    expect(await notify(ctx, message)).toEqual(["webhook"]);
    expect(stack.said.at(-1)).toBe(
      "1 message(s) wait for the topic; the next command sends them: there is no topic",
    );
    await notify(ctx, { ...message, text: "are back" });
    broken.clear();
    expect([messagesWait(ctx), await deliverMessages(ctx), messagesWait(ctx)]).toEqual([
      true,
      ["topic"],
      false,
    ]);
    expect(sent.filter(({ channel }) => channel === "topic").map(({ text }) => text)).toEqual([
      "are missing",
      "are back",
    ]);
  });
});

describe("the proof of a message", () => {
  it("is written once people have the message, with the time", async () => {
    broken.set("topic", new Error("away"));
    const ctx = stack.context();
    await notify(ctx, message, proof);
    expect([proved(), waitsFor(ctx, proof.path, proof.value)]).toEqual([null, true]);
    expect(waitsFor(ctx, proof.path, { subject: "y" })).toBe(false);
    broken.clear();
    await stack.clock.wait(60_000);
    await deliverMessages(ctx);
    expect(proved()).toEqual({ subject: "x", sentAt: "2026-11-24T00:01:00.000Z" });
  });

  it("that could not be written is written later with the time of the message, which is not sent twice", async () => {
    const ctx = stack.context();
    const away = {
      ...ctx,
      parameters: { ...ctx.parameters, put: () => Promise.reject(new Error("denied")) },
    };
    expect(await notify(away, message, proof)).toEqual([]);
    expect(stack.said.at(-1)).toContain(
      "people were notified, but /deployment-safety/prod/evidence/notice/x does not say so yet",
    );
    await stack.clock.wait(60_000);
    await deliverMessages(ctx);
    expect([proved(), sent.length]).toEqual([{ subject: "x", sentAt: "2026-11-24T00:00:00.000Z" }, 1]);
  });
});
