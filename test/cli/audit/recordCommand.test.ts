import fc from "fast-check";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { outboxQueueName } from "../../../decisions/audit/outboxMessage";
import { auditIssues } from "../../../decisions/audit/auditIssues";
import { parameters as paths } from "../../../decisions/stack/names";
import { writeMessage } from "../../../decisions/stack/updateMessage";
import { readHead, recordCommand, recordsOf } from "../../../cli/audit/recordCommand";
import { recordIncident } from "../../../cli/incident/incidentLog";
import { notify } from "../../../cli/incident/notify";
import type { AuditRecord } from "../../../cli/ports/auditTrail";
import { Failure } from "../../../cli/shell/failure";
import { records } from "../memory/auditTrail";
import { broken, sent } from "../memory/channels";
import { MemoryQueue, queues } from "../memory/queue";
import { recordedStack } from "../memory/recorded";
import { live, memoryStack, type MemoryStack } from "../memory/stack";

vi.mock("../../../cli/ports/auditTrail", () => import("../memory/auditTrail.js"));
vi.mock("../../../cli/ports/queue", () => import("../memory/queue.js"));
vi.mock("../../../cli/ports/channels", () => import("../memory/channels.js"));

let stack: MemoryStack;
beforeEach(() => (stack = recordedStack()));

const run = (command: string, exitCode = 0, error?: unknown) =>
  recordCommand(stack.context(command), exitCode, error);
const waiting = () => recordsOf(stack.context()).waiting() as AuditRecord[];
const anchored = () => readHead(stack.parameters.get(paths.auditHead("prod")));
const commands = () => records.told().filter((one) => one.startsWith("command"));
const bodyOf = (index: number) => JSON.parse(records.rows.at(index)?.body ?? "null") as AuditRecord["body"];

describe("a command that has ended", () => {
  it("is recorded with what was asked and what came of it, behind updates that nobody recorded, and anchored", async () => {
    await stack.clock.wait(1_000);
    stack.engine.apply(
      writeMessage("traffic", { operation: "deploy", id: "op", step: "canary", actor: "bo" }),
    );
    const ctx = stack.context("deploy", { version: "1.2.0", reason: "new grades" });
    await recordCommand(ctx, 5, new Failure(5, "the canary failed"));
    expect(records.told()).toEqual(["update ", "update traffic", "command deploy"]);
    expect(records.rows.map(({ actor }) => actor)).toEqual(["pulumi", "bo", "ada"]);
    expect(bodyOf(-1)).toMatchObject({
      asked: { version: "1.2.0", database: "auto", dryRun: false },
      reason: "new grades",
      exitCode: 5,
      error: "the canary failed",
    });
    expect(anchored()).toEqual({ number: 3, hash: records.rows[2]?.hash });
    expect([waiting(), records.connections]).toEqual([[], 0]);
  });

  it("is recorded nowhere on a stack with neither records nor people to notify", async () => {
    const bare = memoryStack({}, live());
    await recordCommand(bare.context("deploy"), 0, undefined);
    expect(readdirSync(bare.root)).not.toContain(".deployment-safety");
  });

  it("that only reads, or was typed wrongly, waits for one that changes something", async () => {
    await run("status");
    await run("deploy", 2, new Failure(2, "VERSION is missing"));
    expect([commands(), waiting().length]).toEqual([[], 2]);
    await run("deploy");
    expect(commands()).toEqual(["command status", "command deploy", "command deploy"]);
  });

  it("that only reads delivers at once what it found for people", async () => {
    await notify(stack.context("status"), { audience: "on-call", subject: "a", text: "b" });
    broken.set("topic", new Error("away"));
    await notify(stack.context("status"), { audience: "on-call", subject: "c", text: "d" });
    broken.clear();
    await run("status");
    expect([sent.length, commands()]).toEqual([2, ["command status"]]);
    const note = { cause: "ticket:7", title: "grades", source: "ticket" as const, state: "opened" as const };
    await recordIncident(stack.context("status"), { ...note, done: "x", next: "y", notifies: [] });
    await run("status");
    expect(records.told().at(-2)).toBe("incident opened");
  });

  it("waits on this machine, and is told so, where the records cannot be reached; messages still go out", async () => {
    records.away = new Error("no route");
    broken.set("topic", new Error("away"));
    await notify(stack.context(), { audience: "on-call", subject: "a", text: "b" });
    broken.clear();
    await run("deploy");
    expect(stack.said.at(-1)).toBe(
      "1 record(s) wait in .deployment-safety, and a later command delivers them: no route",
    );
    expect([sent.length, waiting().length, anchored()]).toEqual([1, 1, undefined]);
    records.away = undefined;
    await run("rollback");
    expect([commands(), waiting()]).toEqual([["command deploy", "command rollback"], []]);
  });

  it("is not held up by a record that the database rejects for good: that one is kept inside another", async () => {
    records.failing.push(
      { fail: () => undefined },
      {
        fail: () => {
          throw Object.assign(new Error("invalid text"), { code: "22P05" });
        },
      },
    );
    await run("deploy");
    expect(bodyOf(-1)).toMatchObject({ refused: "invalid text", record: { body: { command: "deploy" } } });
    expect(waiting()).toEqual([]);
  });

  it("ends though its record cannot be written", async () => {
    writeFileSync(join(stack.root, ".deployment-safety"), "not a folder");
    await run("deploy");
    expect(stack.said.at(-1)).toMatch(/^this command could not be recorded: /);
    rmSync(join(stack.root, ".deployment-safety"));
  });

  it("names the update that its incident belongs to", async () => {
    await stack.clock.wait(1_000);
    stack.engine.apply(
      writeMessage("traffic", { operation: "deploy", id: "op", step: "canary", actor: "bo" }),
    );
    const note = {
      cause: "release:x",
      title: "rolled back",
      source: "rollback" as const,
      state: "opened" as const,
    };
    await recordIncident(stack.context(), { ...note, done: "x", next: "y", operation: "op" });
    await run("deploy", 5);
    const [, , incident] = records.rows.map(({ body }) => (JSON.parse(body) as AuditRecord["body"]).incident);
    expect(incident).toMatchObject({ operation: "op", update: stack.engine.entries[0]?.startTime });
  });
});

describe("a machine that is gone afterwards", () => {
  const outbox = () => outboxQueueName("school", "prod");

  it("leaves in the stack's queue what it could not deliver, and the next command delivers it first", async () => {
    const queue = new MemoryQueue();
    queues.set(outbox(), queue);
    records.away = new Error("no route");
    const ctx = stack.context("deploy");
    await recordCommand({ ...ctx, options: { ...ctx.options, ephemeral: true } }, 0, undefined);
    expect([waiting(), queue.held.length]).toEqual([[], 1]);
    records.away = undefined;
    await queue.send("who wrote this", { group: "records", id: "x" });
    await run("rollback");
    expect(queue.held).toEqual([]);
    expect(
      records.rows.flatMap(({ body }) => /"unreadable":"[^"]*"|"command":"deploy"/.exec(body)?.[0] ?? []),
    ).toEqual(['"command":"deploy"', '"unreadable":"who wrote this"']);
  });

  it("says that its folder must be kept where there is no queue", async () => {
    records.away = new Error("no route");
    const ctx = stack.context("deploy");
    await recordCommand({ ...ctx, options: { ...ctx.options, ephemeral: true } }, 0, undefined);
    expect(stack.said.at(-1)).toContain(
      "wait only in .deployment-safety, so keep that folder: the stack has no queue",
    );
  });
});

it("every command is recorded once and in order, wherever deliveries fail or are killed", async () => {
  const happening = fc.constantFrom("delivered", "away", "fails before", "fails after", "anchor is lost");
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 12 }), async (happenings) => {
      const first = records.rows.length;
      for (const [index, what] of happenings.entries()) {
        const fail = () => {
          throw new Error(what);
        };
        if (what === "away") records.away = new Error(what);
        if (what.startsWith("fails")) records.failing.push({ isAfter: what === "fails after", fail });
        const ctx = stack.context("deploy", { reason: String(index) });
        const put = (path: string, value: string) =>
          what === "anchor is lost" ? Promise.reject(new Error(what)) : ctx.parameters.put(path, value);
        await recordCommand({ ...ctx, parameters: { ...ctx.parameters, put } }, 0, undefined);
        records.away = undefined;
      }
      records.failing.length = 0;
      await run("rollback");
      const told = records.rows.slice(first).map(({ body }) => JSON.parse(body) as AuditRecord["body"]);
      const reasons = told.flatMap(({ command, reason }) => (command === "deploy" ? [reason] : []));
      expect(reasons).toEqual(happenings.map((_, index) => String(index)));
      expect([auditIssues(records.rows, anchored()), waiting()]).toEqual([[], []]);
      expect(anchored()?.number).toBe(records.rows.length);
    }),
    { numRuns: 15 },
  );
});
