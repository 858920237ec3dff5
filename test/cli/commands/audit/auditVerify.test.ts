import { beforeEach, describe, expect, it, vi } from "vitest";
import { run as verify } from "../../../../cli/commands/audit/auditVerify";
import { recordCommand } from "../../../../cli/audit/recordCommand";
import { records } from "../../memory/auditTrail";
import { containing, runCommand } from "../../memory/command";
import { recordedStack } from "../../memory/recorded";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

vi.mock("../../../../cli/ports/auditTrail", () => import("../../memory/auditTrail.js"));
vi.mock("../../../../cli/ports/queue", () => import("../../memory/queue.js"));
vi.mock("../../../../cli/ports/channels", () => import("../../memory/channels.js"));

let stack: MemoryStack;
beforeEach(() => (stack = recordedStack()));
const commands = async (count: number) => {
  for (let made = 0; made < count; made++) await recordCommand(stack.context("deploy"), 0, undefined);
};
const verified = () => runCommand(stack, "audit-verify", verify);

describe("make audit-verify", () => {
  it("passes a trail that is whole, and tells what is anchored and what waits here", async () => {
    expect((await verified()).stdout).toBe("0 events form an unbroken chain; none is anchored yet.\n");
    await commands(3);
    const ended = await verified();
    expect(ended).toMatchObject({ exitCode: 0, fields: { events: 5, waiting: 0, faults: [] } });
    expect(ended.stdout).toBe(
      "5 events form an unbroken chain, and event 5 is the one anchored outside of the database.\n",
    );
    expect((await verified()).stdout).toContain("database. 1 wait on this machine.");
  });

  it.each([
    [
      "changed",
      "changed: event 2 is not what was recorded",
      () => Object.assign(records.rows[1] ?? {}, { actor: "eve" }),
    ],
    ["cut at its end", "cut: the trail ends with event 3, but 4 was recorded", () => records.rows.pop()],
    ["missing an event", "missing: event 2 is not there", () => records.rows.splice(1, 1)],
  ])("refuses a trail that was %s, naming the event", async (_, issue, tamper) => {
    await commands(3);
    tamper();
    const ended = await verified();
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toContain("The audit trail of stack prod has 1 issue(s):\n  ");
    expect(ended.stderr).toContain(issue);
    expect(records.connections).toBe(0);
  });

  it("prints twenty issues at most; the JSON has all", async () => {
    await commands(25);
    for (const row of records.rows) row.actor = "eve";
    const ended = await verified();
    expect(ended.stderr).toContain("and 6 more, in JSON=1");
    expect(ended.fields.faults).toHaveLength(26);
  });

  it("ends with what is wrong where the records cannot be reached, or the stack keeps none", async () => {
    records.away = new Error("no route");
    expect(await verified()).toMatchObject({ exitCode: 1, stderr: containing("no route") });
    stack = memoryStack({}, live());
    expect(await verified()).toMatchObject({
      exitCode: 2,
      stderr: containing("has no `reporting`"),
    });
  });
});
