import { describe, expect, it, vi } from "vitest";
import { run as incident } from "../../../../cli/commands/incident/incident";
import { openIncidents } from "../../../../cli/incident/incidentLog";
import type { Raw } from "../../../../cli/shell/options";
import { sent } from "../../memory/channels";
import { records } from "../../memory/auditTrail";
import { containing, runCommand } from "../../memory/command";
import { recordedStack } from "../../memory/recorded";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

vi.mock("../../../../cli/ports/auditTrail", () => import("../../memory/auditTrail.js"));
vi.mock("../../../../cli/ports/queue", () => import("../../memory/queue.js"));
vi.mock("../../../../cli/ports/channels", () => import("../../memory/channels.js"));

const type = (stack: MemoryStack, options: Raw = {}) => runCommand(stack, "incident", incident, options);
const openTicket = async (stack: MemoryStack, more: Raw = {}): Promise<string> =>
  String((await type(stack, { ticket: "7", title: "grades are missing", ...more })).fields.incident);
const closing = {
  rootCause: "the index was dropped",
  action: "a lint refuses it",
  owner: "bo",
  due: "2026-12-31",
};
const bodies = (): Record<string, unknown>[] => records.incidentEntries.map(({ body }) => body);
const states = (): string[] => records.incidentEntries.map(({ state }) => state);

describe("make incident for a ticket", () => {
  it("opens an incident, records it, notifies on call and stakeholders, and names the playbook", async () => {
    const stack = recordedStack();
    const ended = await type(stack, { ticket: "7", title: "grades are missing", at: "2026-11-24T01:30" });
    const id = String(ended.fields.incident);
    expect(ended).toMatchObject({
      exitCode: 0,
      fields: { isNew: true },
      next: `make playbook INCIDENT=${id}`,
    });
    expect(ended.stdout).toMatch(/^INC-\w{8} is open since Tue.* Africa\/Cairo .*: grades are missing\.\n$/);
    expect(records.incidentEntries).toMatchObject([
      {
        incident: id,
        state: "opened",
        actor: "ada",
        body: { ticket: "7", startedAt: "2026-11-23T23:30:00.000Z" },
      },
    ]);
    expect(sent.map(({ audience, subject }) => `${audience}: ${subject}`)).toEqual([
      `on-call: Incident: grades are missing (prod, ${id})`,
      `stakeholders: Incident: grades are missing (prod, ${id})`,
    ]);
  });

  it("adds to the open incident of the same ticket, and notifies nobody again", async () => {
    const stack = recordedStack();
    const id = await openTicket(stack);
    const again = await type(stack, { ticket: "7", title: "grades are still missing" });
    expect(again).toMatchObject({ exitCode: 0, fields: { incident: id, isNew: false } });
    expect(again.stdout).toContain("grades are missing. This was noted; nobody was notified again.");
    expect(bodies().at(-1)).toMatchObject({ saw: { title: "grades are still missing" } });
    expect(sent).toHaveLength(2);
  });

  it("says what is missing, and changes nothing, where a title or a ticket is", async () => {
    const stack = recordedStack();
    for (const options of [{ ticket: "7" }, { title: "grades" }, { source: "ticket" }]) {
      const ended = await type(stack, options);
      expect(ended).toMatchObject({
        exitCode: 2,
        next: 'make incident TICKET=<id> TITLE="<what people notice>"',
      });
      expect(ended.stderr).toContain("Name TITLE= and TICKET= to open an incident");
    }
    expect([await openIncidents(stack.context()), sent]).toEqual([[], []]);
  });

  it("refuses a beginning that is no time, or lies in the future", async () => {
    const stack = recordedStack();
    const typed = { ticket: "7", title: "grades are missing" };
    expect((await type(stack, { ...typed, at: "yesterday" })).stderr).toContain("AT: `yesterday` is no time");
    const future = await type(stack, { ...typed, at: "2026-11-24T02:01" });
    expect(future.exitCode).toBe(2);
    expect(future.stderr).toContain("which is in the future: an incident begins before it is recorded");
    expect(await openIncidents(stack.context())).toEqual([]);
  });

  it("says what it would open with DRY_RUN, and opens nothing", async () => {
    const stack = recordedStack();
    const ended = await type(stack, { ticket: "7", title: "grades are missing", dryRun: true });
    expect(ended.stdout).toBe("Would open an incident for ticket 7: grades are missing.\n");
    expect([await openIncidents(stack.context()), states(), sent]).toEqual([[], [], []]);
  });

  it("needs a stack that keeps records", async () => {
    const ended = await type(memoryStack({}, live()), { ticket: "7", title: "grades are missing" });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("Stack prod has no `reporting`, so it keeps no incidents.");
  });
});

describe("make incident without a ticket", () => {
  it("lists what is open, newest first, and names the playbook of the newest", async () => {
    const stack = recordedStack();
    expect((await type(stack)).stdout).toBe("No incident of stack prod is open.\n");
    const first = await openTicket(stack);
    await stack.clock.wait(60_000);
    const second = await openTicket(stack, { ticket: "8", title: "no timetable" });
    const ended = await type(stack);
    expect(ended.stdout.split("\n").map((line) => line.split("  ")[0])).toEqual([second, first, ""]);
    expect(ended.next).toBe(`make playbook INCIDENT=${second}`);
  });
});

describe("make incident with INCIDENT", () => {
  it("takes it from state to state until it is closed, notifies people each time, and names what comes next", async () => {
    const stack = recordedStack();
    const id = await openTicket(stack);
    for (const state of ["mitigated", "resolved"]) {
      const ended = await type(stack, { incident: id, state, reason: "rolled back" });
      expect(ended).toMatchObject({
        exitCode: 0,
        stdout: `${id} is ${state}.\n`,
        next: containing("make playbook"),
      });
    }
    const closed = await type(stack, { incident: id, state: "closed", reason: "done", ...closing });
    expect(closed).toMatchObject({ exitCode: 0, next: `make postmortem INCIDENT=${id}` });
    expect(states()).toEqual(["opened", "mitigated", "resolved", "closed"]);
    expect(bodies().at(-1)).toMatchObject(closing);
    expect(sent.map(({ subject }) => subject.split(":")[0])).toEqual(
      ["Incident", "Service restored", "Resolved", "Closed"].flatMap((word) => [word, word]),
    );
    expect(await openIncidents(stack.context())).toEqual([]);
  });

  it("refuses to close without root cause and action, naming each, with the command to type", async () => {
    const stack = recordedStack();
    const id = await openTicket(stack);
    const ended = await type(stack, {
      incident: id,
      state: "closed",
      reason: "done",
      rootCause: "bug",
      due: "soon",
    });
    expect(ended.exitCode).toBe(4);
    for (const key of [
      "rootCause: must say why",
      "action:",
      "owner:",
      "due: must be a date such as 2026-12-31",
    ])
      expect(ended.stderr).toContain(key);
    expect(ended.next).toContain("STATE=closed REASON=done ROOT_CAUSE=");
    expect(states()).toEqual(["opened"]);
  });

  it("never goes back, and knows only its states", async () => {
    const stack = recordedStack();
    const id = await openTicket(stack);
    await type(stack, { incident: id, state: "resolved", reason: "fixed" });
    const back = await type(stack, { incident: id, state: "mitigated", reason: "fixed" });
    expect(back.exitCode).toBe(4);
    expect(back.stderr).toContain(`${id} is resolved already`);
    for (const options of [
      { state: "opened", reason: "x" },
      { state: "fine", reason: "x" },
      { state: "closed" },
    ]) {
      const ended = await type(stack, { incident: id, ...options });
      expect(ended.exitCode).toBe(2);
      expect(ended.stderr).toContain(
        "allowed are stabilized, mitigated, resolved, closed, with REASON=<what was done>",
      );
    }
    expect(states()).toEqual(["opened", "resolved"]);
  });

  it("records when it began, and refuses a beginning after it was noticed", async () => {
    const stack = recordedStack();
    const id = await openTicket(stack);
    await stack.clock.wait(600_000);
    const late = await type(stack, { incident: id, at: "2026-11-24T02:05" });
    expect(late.exitCode).toBe(4);
    expect(late.stderr).toMatch(
      /AT does not fit the records of INC-\w+: it was detected at .*, before it began at/,
    );
    const ended = await type(stack, { incident: id, at: "2026-11-24T01:30" });
    expect(ended).toMatchObject({
      exitCode: 0,
      stdout: containing(/began at Tue, 24 Nov 2026, 01:30/),
    });
    expect(await openIncidents(stack.context())).toMatchObject([
      { id, startedAt: "2026-11-23T23:30:00.000Z" },
    ]);
  });

  it("that is closed keeps its name and stays closed where its beginning is recorded afterwards", async () => {
    const stack = recordedStack();
    const id = await openTicket(stack);
    await type(stack, { incident: id, state: "closed", reason: "done", ...closing });
    await stack.clock.wait(600_000);
    expect((await type(stack, { incident: id, at: "2026-11-24T01:30" })).exitCode).toBe(0);
    expect(new Set(records.incidentEntries.map((entry) => entry.incident))).toEqual(new Set([id]));
    expect(await openIncidents(stack.context())).toEqual([]);
    expect(bodies().at(-1)).toMatchObject({
      startedAt: "2026-11-23T23:30:00.000Z",
      detectedAt: "2026-11-24T00:00:00.000Z",
    });
  });

  it("says what it would record with DRY_RUN", async () => {
    const stack = recordedStack();
    const id = await openTicket(stack);
    const ended = await type(stack, { incident: id, state: "mitigated", reason: "x", dryRun: true });
    expect(ended.stdout).toBe(`Would record that ${id} is mitigated.\n`);
    expect(states()).toEqual(["opened"]);
  });
});
