import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Context } from "../../../cli/shell/context";
import { deliverOutbox, sendToOutbox } from "../../../cli/audit/outbox";
import { spoolIn } from "../../../cli/audit/stackSpools";
import { served, settingsWith } from "../../decisions/samples";
import { quietOutput } from "../fakes";
import { MemoryQueue } from "../memory/queue";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "hand-over-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const machine = (name: string) =>
  ({
    root: join(folder, name),
    stack: "prod",
    settings: settingsWith(served()),
    file: {},
    output: quietOutput(),
  }) as unknown as Context & { output: ReturnType<typeof quietOutput> };

const record = (number: number) => ({
  at: "2026-11-25T14:00:00.000Z",
  kind: "command",
  stack: "prod",
  actor: "ada",
  body: { number },
});
const message = (text: string) => ({
  channel: "webhook",
  message: { audience: "on-call", subject: "Incident", text },
});
const wait = (ctx: Context, spool: string, ...contents: unknown[]) =>
  contents.forEach((content) => spoolIn(ctx, spool).add(content));
const waiting = (ctx: Context, spool: string) => spoolIn(ctx, spool).waiting();

const never = AbortSignal.timeout(60_000);
const numbers = (contents: unknown[]) =>
  contents.map((one) => (one as ReturnType<typeof record>).body.number);

describe("what a machine that is gone leaves", () => {
  it("arrives elsewhere, once and in order, however often a delivery fails or a command dies in it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("record", "message", "refuse", "die", "deliver"), { maxLength: 60 }),
        async (happenings) => {
          const queue = new MemoryQueue(1_000);
          const got = { records: [] as unknown[], texts: [] as string[] };
          /** Deliveries that still fail: the one behind them would not. */
          let failing = 0;
          const deliveries = new Map([
            [
              "records",
              async (content: unknown) => {
                if (failing-- > 0) throw new Error("down");
                got.records.push(content);
              },
            ],
            [
              "comms-webhook",
              async (content: unknown) =>
                void got.texts.push((content as ReturnType<typeof message>).message.text),
            ],
          ]);
          const keep = (): void => expect.unreachable();
          const deliver = () =>
            deliverOutbox(machine("there"), { bySpool: deliveries, keep }, never, async () => queue);
          let count = 0;
          for (const what of happenings) {
            const runner = machine(`runner-${count}`);
            if (what === "record") wait(runner, "records", record(++count));
            if (what === "message") wait(runner, "comms-webhook", message(String(++count)));
            await sendToOutbox(runner, async () => queue);
            expect([...waiting(runner, "records"), ...waiting(runner, "comms-webhook")]).toEqual([]);
            failing = what === "refuse" ? 1 : 0;
            // A command that dies with messages in its hands; they come back when their time is over.
            if (what === "die") await queue.receive(never);
            queue.comeBack();
            if (what === "refuse" || what === "deliver") await deliver();
          }
          failing = 0;
          await deliver();
          const told = got.texts.map(Number);
          expect(numbers(got.records)).toEqual(numbers(got.records).toSorted((one, two) => one - two));
          expect(told).toEqual(told.toSorted((one, two) => one - two));
          expect([...numbers(got.records), ...told].toSorted((one, two) => one - two)).toEqual(
            Array.from({ length: count }, (_, index) => index + 1),
          );
          expect(queue.held).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  const keep = (): void => expect.unreachable();
  const collect = (got: unknown[]) =>
    new Map([["records", async (content: unknown) => void got.push(content)]]);

  it("stays in the queue where this machine has no way to deliver it, and holds up nothing else", async () => {
    const [runner, queue] = [machine("runner"), new MemoryQueue(1_000)];
    for (let number = 1; number <= 12; number++) wait(runner, "comms-webhook", message(String(number)));
    wait(runner, "records", record(1), record(2));
    await sendToOutbox(runner, async () => queue);
    const got: unknown[] = [];
    await deliverOutbox(machine("laptop"), { bySpool: collect(got), keep }, never, async () => queue);
    expect(numbers(got)).toEqual([1, 2]);
    expect(queue.held.map(({ group, isTaken }) => `${group} ${isTaken}`)).toEqual(
      Array<string>(12).fill("comms-webhook false"),
    );
  });

  it("reaches each channel where one message goes to several", async () => {
    const [runner, queue] = [machine("runner"), new MemoryQueue(1_000)];
    const id = "11111111-1111-4111-8111-111111111111";
    for (const spool of ["comms-topic", "comms-webhook"]) spoolIn(runner, spool).add(message("one"), id);
    await sendToOutbox(runner, async () => queue);
    expect(queue.held.map(({ group }) => group).sort()).toEqual(["comms-topic", "comms-webhook"]);
  });

  it("is told while the records cannot be delivered and their database hangs, and all ends in time", async () => {
    const [runner, queue] = [machine("runner"), new MemoryQueue(1_000)];
    wait(runner, "records", record(1));
    wait(runner, "comms-webhook", message("one"));
    await sendToOutbox(runner, async () => queue);
    const told: unknown[] = [];
    const bySpool = new Map([
      ["records", () => new Promise<undefined>(() => undefined)],
      ["comms-webhook", async (content: unknown) => void told.push(content)],
    ]);
    await deliverOutbox(machine("laptop"), { bySpool, keep }, AbortSignal.timeout(50), async () => queue);
    expect(told).toHaveLength(1);
    expect(queue.held).toMatchObject([{ group: "records", isTaken: false }]);
  });

  it("waits on this machine for what is left of it, where it was delivered in part", async () => {
    const [runner, laptop, queue] = [machine("runner"), machine("laptop"), new MemoryQueue(1_000)];
    wait(runner, "comms-webhook", message("one"));
    await sendToOutbox(runner, async () => queue);
    const rest = { ...message("one"), sentAt: "2026-11-25T14:00:00.000Z" };
    const bySpool = new Map([["comms-webhook", async () => ({ rest })]]);
    await deliverOutbox(laptop, { bySpool, keep }, never, async () => queue);
    expect([queue.held, waiting(laptop, "comms-webhook")]).toEqual([[], [rest]]);
  });

  it("stays on its disk, and is said, where the queue is away, is not there yet, or refuses it; the rest goes on", async () => {
    const runner = machine("runner");
    wait(
      runner,
      "records",
      record(1),
      { ...record(2), body: { number: 2, long: "x".repeat(2_000) } },
      record(3),
    );
    await sendToOutbox(runner, () => Promise.reject(new Error("no network")));
    await sendToOutbox(runner, async () => undefined);
    expect(numbers(waiting(runner, "records"))).toEqual([1, 2, 3]);
    expect(runner.output.said.join("\n")).toMatch(
      /keep that folder: no network[^]*keep that folder: .*no queue/,
    );
    const queue = new MemoryQueue(1_000);
    await sendToOutbox(runner, async () => queue);
    expect(numbers(waiting(runner, "records"))).toEqual([2]);
    expect(runner.output.said.at(-1)).toMatch(/keep that folder: records .*: too long/);
    expect(queue.held).toHaveLength(2);
  });

  it("is kept as text where nobody wrote it, and left there where a newer version may have", async () => {
    const [runner, laptop, queue] = [machine("runner"), machine("laptop"), new MemoryQueue(1_000)];
    await queue.send("what is this", { group: "records", id: "0" }, never);
    wait(runner, "records", record(1), { ...record(2), kind: "invented later" }, record(3));
    await sendToOutbox(runner, async () => queue);
    const [got, kept]: [unknown[], string[]] = [[], []];
    const deliveries = { bySpool: collect(got), keep: (text: string) => void kept.push(text) };
    await deliverOutbox(laptop, deliveries, never, async () => queue);
    expect(kept).toEqual(["what is this"]);
    expect(numbers(got)).toEqual([1]);
    expect(queue.held.map(({ body }) => body.includes("invented later"))).toEqual([true, false]);
    expect(laptop.output.said.join()).toContain("does not understand it");
  });
});
