import { describe, expect, it, vi } from "vitest";
import { run as incident } from "../../../cli/commands/incident/incident";
import { run as stabilize } from "../../../cli/commands/incident/stabilize";
import { entriesOf, incidentAsked } from "../../../cli/incident/incidentLookup";
import { openIncidents } from "../../../cli/incident/incidentLog";
import { causedByMigration } from "../../../decisions/incident/incident";
import { records } from "../memory/auditTrail";
import { runCommand } from "../memory/command";
import { recordedStack } from "../memory/recorded";
import type { MemoryStack } from "../memory/stack";

vi.mock("../../../cli/ports/auditTrail", () => import("../memory/auditTrail.js"));
vi.mock("../../../cli/ports/queue", () => import("../memory/queue.js"));
vi.mock("../../../cli/ports/channels", () => import("../memory/channels.js"));

async function opened(stack: MemoryStack, ticket = "7"): Promise<string> {
  const { fields } = await runCommand(stack, "incident", incident, { ticket, title: `ticket ${ticket}` });
  return String(fields.incident);
}
const close = (stack: MemoryStack, id: string) =>
  runCommand(stack, "incident", incident, {
    incident: id,
    state: "closed",
    reason: "done",
    rootCause: "the index was dropped",
    action: "a lint refuses it",
    owner: "bo",
    due: "2026-12-31",
  });
const asked = (stack: MemoryStack, id?: string) =>
  incidentAsked(stack.context("playbook", id === undefined ? {} : { incident: id }));

describe("the incident that is asked for", () => {
  it("is the newest open one, or the one that INCIDENT names", async () => {
    const stack = recordedStack();
    const first = await opened(stack);
    await stack.clock.wait(60_000);
    const second = await opened(stack, "8");
    expect([(await asked(stack)).id, (await asked(stack, first)).id]).toEqual([second, first]);
  });

  it("is read from the records as it was while open, where it is closed", async () => {
    const stack = recordedStack();
    const id = await opened(stack);
    await stack.clock.wait(60_000);
    expect(
      await runCommand(stack, "stabilize", stabilize, { incident: id, cause: "migration" }),
    ).toMatchObject({ exitCode: 0 });
    await runCommand(stack, "incident", incident, { incident: id, at: "2026-11-24T01:30" });
    const [open] = await openIncidents(stack.context());
    expect(open).toMatchObject({ state: "stabilized", stabilizedCause: "migration" });
    const closedAt = stack.clock.now().toISOString();
    await close(stack, id);
    const closed = await asked(stack, id);
    expect(closed).toEqual({
      ...open,
      state: "closed",
      toldAt: closedAt,
      reached: { ...open?.reached, closed: closedAt },
    });
    expect(causedByMigration(closed)).toBe(true);
  });

  it("is read from this machine where the records cannot be reached", async () => {
    const stack = recordedStack();
    records.away = new Error("no route");
    const id = await opened(stack);
    stack.parameters.clear();
    expect(await asked(stack, id)).toMatchObject({ id, title: "ticket 7", state: "opened" });
    expect(stack.said.at(-1)).toBe(
      "the records cannot be reached, so only what waits on this machine is shown: no route",
    );
  });

  it("is none where nobody knows it, with the open ones named", async () => {
    const stack = recordedStack();
    await expect(asked(stack)).rejects.toMatchObject({
      exitCode: 2,
      message: "No incident of stack prod is open, and INCIDENT is not given.",
    });
    const id = await opened(stack);
    await expect(asked(stack, "INC-0")).rejects.toMatchObject({
      exitCode: 2,
      message: `There is no incident \`INC-0\` on stack prod. Open ones: ${id} (ticket 7).`,
    });
  });
});

it("the entries of an incident are those in the records and those that wait here, oldest first", async () => {
  const stack = recordedStack();
  const id = await opened(stack);
  records.away = new Error("no route");
  await stack.clock.wait(60_000);
  await runCommand(stack, "incident", incident, { incident: id, state: "mitigated", reason: "rolled back" });
  records.away = undefined;
  expect((await entriesOf(stack.context(), id)).map(({ state }) => state)).toEqual(["opened", "mitigated"]);
  expect(records.connections).toBe(0);
});
