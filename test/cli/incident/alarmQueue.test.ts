import { beforeEach, describe, expect, it, vi } from "vitest";
import { alarmQueue } from "../../../decisions/alarms/alarm";
import { readAlarmQueue } from "../../../cli/incident/alarmQueue";
import { openIncidents } from "../../../cli/incident/incidentLog";
import { run as incident } from "../../../cli/commands/incident/incident";
import { records } from "../memory/auditTrail";
import { sent } from "../memory/channels";
import { runCommand } from "../memory/command";
import { MemoryQueue, queues } from "../memory/queue";
import { recordedStack } from "../memory/recorded";
import { live, memoryStack, type MemoryStack } from "../memory/stack";

vi.mock("../../../cli/ports/auditTrail", () => import("../memory/auditTrail.js"));
vi.mock("../../../cli/ports/queue", () => import("../memory/queue.js"));
vi.mock("../../../cli/ports/channels", () => import("../memory/channels.js"));

let stack: MemoryStack;
let queue: MemoryQueue;
beforeEach(() => {
  stack = recordedStack();
  queue = new MemoryQueue();
  queues.set(alarmQueue("school", "prod"), queue);
});

/** Puts an alarm's change of state into the queue, as SNS does. */
const alarm = (number: number, name: string, state = "ALARM", minute = "03") => {
  const change = {
    AlarmName: name,
    NewStateValue: state,
    NewStateReason: "2 of 3 datapoints",
    StateChangeTime: `2026-11-23T20:${minute}:00.000+0000`,
    Trigger: { Period: 60, DatapointsToAlarm: 2 },
  };
  const MessageId = `11111111-1111-4111-8111-${String(number).padStart(12, "0")}`;
  return queue.send(JSON.stringify({ MessageId, Message: JSON.stringify(change) }), {
    group: "",
    id: String(number),
  });
};
const listed = () => runCommand(stack, "incident", incident);
const entries = () => records.incidentEntries;

describe("an alarm that rings", () => {
  it("opens an incident that began with its periods, and notifies people", async () => {
    await alarm(1, "errors");
    const { stderr } = await listed();
    expect(stderr).toMatch(/alarm errors rang at 2026-11-23T20:03:00.000Z: incident INC-\w+ is opened/);
    expect(entries()).toMatchObject([
      {
        state: "opened",
        title: "alarm errors rings",
        body: { startedAt: "2026-11-23T20:01:00.000Z", detectedAt: "2026-11-23T20:03:00.000Z" },
      },
    ]);
    expect(sent.map(({ audience }) => audience)).toEqual(["on-call", "stakeholders"]);
    expect(queue.held).toEqual([]);
  });

  it("belongs to the outage's incident where one is open, and notifies nobody again, until that is resolved", async () => {
    await alarm(1, "errors");
    await alarm(2, "slow", "ALARM", "04");
    await listed();
    expect(entries().map(({ state }) => state)).toEqual(["opened", "note"]);
    expect(sent).toHaveLength(2);
    const [open] = await openIncidents(stack.context());
    await runCommand(stack, "incident", incident, {
      incident: open?.id ?? "",
      state: "resolved",
      reason: "x",
    });
    await alarm(3, "errors", "ALARM", "09");
    await listed();
    expect(await openIncidents(stack.context())).toHaveLength(2);
  });

  it("and clears is noted in the open incident; cleared without one, or with too little data, it is nothing", async () => {
    await alarm(1, "errors", "OK");
    await alarm(2, "errors", "INSUFFICIENT_DATA");
    await listed();
    expect(entries()).toEqual([]);
    await alarm(3, "errors");
    await alarm(4, "errors", "OK", "09");
    await listed();
    expect(entries().at(-1)).toMatchObject({
      state: "note",
      body: { done: "alarm errors cleared: 2 of 3 datapoints", cleared: true },
    });
  });

  it("is recorded and told once, though a command died between its record and the queue", async () => {
    await alarm(1, "errors");
    const [held] = queue.held;
    await listed();
    if (held) queue.held.push({ ...held, isTaken: false });
    await listed();
    expect(entries()).toHaveLength(1);
    expect(sent.map(({ id }) => id)).toHaveLength(new Set(sent.map(({ id }) => id)).size);
  });
});

describe("the alarms' queue", () => {
  it("gives up a message that no alarm wrote, which is recorded as it is", async () => {
    await queue.send("hello", { group: "", id: "1" });
    expect((await listed()).stderr).toContain("does not come from an alarm; it is recorded as it is");
    expect(queue.held).toEqual([]);
    expect(records.rows.some(({ body }) => body.includes('"unreadable":"hello"'))).toBe(true);
  });

  it("is left alone by previews, dry runs and stacks without records", async () => {
    await alarm(1, "errors");
    const bare = memoryStack({}, live()).context();
    for (const ctx of [stack.context("sync"), stack.context("deploy", { dryRun: true }), bare])
      expect(await readAlarmQueue(ctx)).toBe(0);
    expect(queue.held).toHaveLength(1);
  });

  it("that does not answer, or is not there yet, stops no command", async () => {
    queue.away = new Error("no network");
    expect(await readAlarmQueue(stack.context())).toBe(0);
    expect(stack.said.at(-1)).toBe(
      "the alarms' queue could not be read; the next command reads it: no network",
    );
    queues.clear();
    expect(await readAlarmQueue(stack.context())).toBe(0);
  });

  it("is not read to its end by one command where it is flooded", async () => {
    for (let number = 1; number <= 65; number++) await alarm(number, "errors");
    expect(await readAlarmQueue(stack.context())).toBe(1);
    expect(queue.held).toHaveLength(15);
  });
});
