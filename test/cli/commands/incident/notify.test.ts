import { beforeEach, describe, expect, it, vi } from "vitest";
import { run as incident } from "../../../../cli/commands/incident/incident";
import { run as notify } from "../../../../cli/commands/incident/notify";
import { openIncidents } from "../../../../cli/incident/incidentLog";
import type { Raw } from "../../../../cli/shell/options";
import { records } from "../../memory/auditTrail";
import { broken, sent } from "../../memory/channels";
import { containing, runCommand } from "../../memory/command";
import { recordedStack } from "../../memory/recorded";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

vi.mock("../../../../cli/ports/auditTrail", () => import("../../memory/auditTrail.js"));
vi.mock("../../../../cli/ports/queue", () => import("../../memory/queue.js"));
vi.mock("../../../../cli/ports/channels", () => import("../../memory/channels.js"));

let stack: MemoryStack;
let id: string;
beforeEach(async () => {
  stack = recordedStack();
  const { fields } = await runCommand(stack, "incident", incident, {
    ticket: "7",
    title: "grades are missing",
  });
  id = String(fields.incident);
  sent.length = 0;
});
const type = (options: Raw = {}) => runCommand(stack, "notify", notify, options);

describe("make notify", () => {
  it("tells on call and stakeholders what was done last and what comes next, and records that", async () => {
    await runCommand(stack, "incident", incident, {
      incident: id,
      state: "mitigated",
      reason: "rolled back to 1.1.0",
    });
    sent.length = 0;
    await stack.clock.wait(60_000);
    const ended = await type();
    expect(ended).toMatchObject({
      exitCode: 0,
      fields: { reached: ["topic"] },
      next: `make playbook INCIDENT=${id}`,
    });
    expect(ended.stdout).toContain(`Notified on-call and stakeholders about ${id} by topic, at Tue`);
    expect(sent.map(({ audience }) => audience)).toEqual(["on-call", "stakeholders"]);
    expect(sent[0]?.text).toMatch(
      /Done: rolled back to 1.1.0\nNext: until it is resolved.*\nQuestions: the office/,
    );
    expect(records.incidentEntries.at(-1)).toMatchObject({
      state: "told",
      body: { told: ["on-call", "stakeholders"] },
    });
    expect(await openIncidents(stack.context())).toMatchObject([
      { state: "mitigated", toldAt: "2026-11-24T00:01:00.000Z" },
    ]);
  });

  it("sends guardians a text of their own in both languages, without internal details", async () => {
    await type({ audience: "guardians", text: "Grades may be missing.", textArabic: "قد تغيب الدرجات." });
    expect(sent.map(({ audience }) => audience)).toEqual(["guardians"]);
    expect(sent[0]?.text).toMatch(/Grades may be missing\.[^]*قد تغيب الدرجات/);
    expect(sent[0]?.text).not.toContain(id);
  });

  it("shows every message with DRY_RUN, and sends none", async () => {
    const ended = await type({ dryRun: true, audience: "on-call, guardians" });
    expect(ended.stdout).toMatch(
      /^Would send to on-call:\nIncident: grades[^]*\n\nWould send to guardians:\n/,
    );
    expect([sent, records.incidentEntries.length]).toEqual([[], 1]);
    expect(ended.next).toBe(`make notify INCIDENT=${id} AUDIENCE="on-call, guardians"`);
  });

  it("says that messages wait where no channel takes them; the next command sends them", async () => {
    broken.set("topic", new Error("away"));
    const ended = await type();
    expect(ended).toMatchObject({
      exitCode: 0,
      stdout: `The messages about ${id} wait on this machine; the next command sends them.\n`,
    });
    broken.clear();
    await runCommand(stack, "incident", incident, { incident: id, state: "resolved", reason: "done" });
    expect(sent).toHaveLength(4);
  });

  it("knows its audiences, and needs people to notify", async () => {
    const wrong = await type({ audience: "parents" });
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain("AUDIENCE is `parents`; allowed are stakeholders, on-call, guardians");
    stack = memoryStack({}, live());
    expect(await type()).toMatchObject({ exitCode: 2, stderr: containing("has no `comms`") });
    expect(sent).toEqual([]);
  });

  it("leaves an incident that is closed closed", async () => {
    await runCommand(stack, "incident", incident, {
      incident: id,
      state: "closed",
      reason: "done",
      rootCause: "the index was dropped",
      action: "a lint refuses it",
      owner: "bo",
      due: "2026-12-31",
    });
    expect((await type({ incident: id })).exitCode).toBe(0);
    expect(await openIncidents(stack.context())).toEqual([]);
  });
});
