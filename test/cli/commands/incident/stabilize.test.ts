import { beforeEach, describe, expect, it, vi } from "vitest";
import { run as incident } from "../../../../cli/commands/incident/incident";
import { run as playbook } from "../../../../cli/commands/incident/playbook";
import { run as stabilize } from "../../../../cli/commands/incident/stabilize";
import { readStackFile } from "../../../../cli/ports/stackFile";
import { UpdateFailed } from "../../../../cli/ports/engine";
import type { Raw } from "../../../../cli/shell/options";
import { killSwitchOn } from "../../../../cli/traffic/killSwitch";
import { parameters as paths } from "../../../../decisions/stack/names";
import { records } from "../../memory/auditTrail";
import { runCommand } from "../../memory/command";
import { recordedStack } from "../../memory/recorded";
import type { MemoryStack } from "../../memory/stack";

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
  await stack.clock.wait(1_000);
});
const type = (options: Raw = {}) => runCommand(stack, "stabilize", stabilize, options);
const held = () => readStackFile(stack.root, "prod").settings.heldFlags;
const killSwitch = () => stack.parameters.get(paths.killSwitch("prod"));
const states = () => records.incidentEntries.map(({ state }) => state);

describe("make stabilize", () => {
  it("has risky flags off at once, then held in config, and records that for the incident", async () => {
    let atUpdate: string | undefined;
    stack.engine.failing.push(() => void (atUpdate = killSwitch()));
    const ended = await type();
    expect(atUpdate, "the kill switch is on before the update").toContain(id);
    expect([killSwitch(), stack.steps()]).toEqual([undefined, ["stabilize flags"]]);
    expect(held()).toEqual({ "gradebook-v2": { reason: "grades are missing", incident: id } });
    expect(ended).toMatchObject({
      exitCode: 0,
      fields: { added: ["gradebook-v2"] },
      next: `make playbook INCIDENT=${id}`,
    });
    expect(ended.stdout).toMatch(/^held: gradebook-v2\ntraffic is open\n[^]*Commit Pulumi.prod.yaml.\n$/);
    expect(records.incidentEntries.at(-1)).toMatchObject({
      state: "stabilized",
      body: { held: ["gradebook-v2"], paused: false, done: "held: gradebook-v2; traffic is open" },
    });
    expect(stack.cloud.routing).toMatchObject({ traffic: "open" });
  });

  it("pauses traffic too, by a direct call and then by config, where a migration is the cause", async () => {
    const ended = await type({ cause: "migration" });
    expect(ended.stdout).toContain("traffic is paused");
    expect([stack.cloud.sets, stack.published().traffic]).toEqual([[{ traffic: "paused" }], "paused"]);
    expect(records.incidentEntries.at(-1)?.body).toMatchObject({
      paused: true,
      stabilizedCause: "migration",
    });
  });

  it("changes nothing that is done already when it is run again", async () => {
    await type({ cause: "migration" });
    const updates = stack.engine.ups.length;
    const again = await type({ cause: "migration" });
    expect(again).toMatchObject({ exitCode: 0, fields: { added: [], held: ["gradebook-v2"] } });
    expect([stack.engine.ups.length, stack.cloud.sets.length, killSwitch()]).toEqual([updates, 1, undefined]);
  });

  it("leaves users safe by the kill switch where the update fails, and ends the work when run again", async () => {
    const fail = () => {
      throw new UpdateFailed(["no cluster"], "failed", undefined);
    };
    stack.engine.failing.push(fail, fail);
    const failed = await type();
    expect(failed.exitCode).toBe(1);
    expect(killSwitch()).toContain(id);
    expect(states()).toEqual(["opened"]);
    await stack.clock.wait(1_000);
    expect(await type()).toMatchObject({ exitCode: 0, fields: { added: ["gradebook-v2"] } });
    expect([killSwitch(), states()]).toEqual([undefined, ["opened", "stabilized"]]);
    expect(stack.engine.entries[0]).toMatchObject({ result: "succeeded" });
    expect(held()).toHaveProperty("gradebook-v2");
  });

  it("leaves a kill switch of somebody else on", async () => {
    stack.parameters.set(paths.killSwitch("prod"), killSwitchOn(stack, ["green"], "a rollback"));
    expect((await type()).exitCode).toBe(0);
    expect(killSwitch()).toContain("a rollback");
  });

  it("names the flags where NAME is none of them, and changes nothing", async () => {
    const ended = await type({ name: "gradebook-v3" });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(
      "There is no flag gradebook-v3. Flags: gradebook-v2. Nothing was changed.",
    );
    expect([killSwitch(), held(), states()]).toEqual([undefined, {}, ["opened"]]);
  });

  it("says what it would do with DRY_RUN, and does none of it", async () => {
    const ended = await type({ cause: "migration", dryRun: true });
    expect(ended.stdout).toBe("Would hold gradebook-v2 and pause traffic.\n");
    expect(ended.next).toBe(`make stabilize INCIDENT=${id} CAUSE=migration`);
    expect([killSwitch(), stack.cloud.sets, stack.steps(), states()]).toEqual([
      undefined,
      [],
      [],
      ["opened"],
    ]);
  });
});

describe("make playbook", () => {
  const steps = async (options: Raw = {}) => {
    const ended = await runCommand(stack, "playbook", playbook, options);
    const { playbook: filled } = ended.fields as { playbook: { id: string; status: string; now: string }[] };
    return { ended, steps: Object.fromEntries(filled.map(({ id: step, status }) => [step, status])), filled };
  };

  it("shows what is done and what comes next, and changes nothing", async () => {
    const before = new Map(stack.parameters);
    const { ended, steps: found } = await steps();
    expect(found).toMatchObject({
      C1: "done",
      C2: "to do",
      C3: "done",
      C4: "to do",
      C6: "to do",
      C7: "to do",
    });
    expect(ended.next).toBe(`make stabilize INCIDENT=${id}`);
    expect([stack.parameters, stack.steps()]).toEqual([before, []]);
    await type();
    expect((await steps()).steps).toMatchObject({ C2: "done" });
  });

  it("puts an incident that still does harm before a newer one that waits for its post-mortem", async () => {
    const newer = await runCommand(stack, "incident", incident, { ticket: "8", title: "no timetable" });
    await runCommand(stack, "incident", incident, {
      incident: String(newer.fields.incident),
      state: "resolved",
      reason: "fixed",
    });
    expect((await steps()).ended.fields.incident).toMatchObject({ id });
    expect((await steps({ incident: String(newer.fields.incident) })).steps).toMatchObject({
      C4: "done",
      C6: "done",
    });
  });

  it("says what rings, and what could not be read, rather than failing", async () => {
    stack.cloud.alarmStates = [
      { name: "errors", state: "ALARM" },
      { name: "slow", state: "OK" },
    ];
    expect((await steps()).filled[0]?.now).toMatch(/alarms ring: errors$/);
    stack.cloud.alarmStates = new Error("denied");
    expect((await steps()).filled[5]?.now).toContain("alarms could not be read");
  });

  it("begins with detection where no incident is open", async () => {
    stack = recordedStack();
    const { ended, steps: found } = await steps();
    expect(found).toMatchObject({ C1: "to do" });
    expect(ended.next).toContain("make incident");
  });
});
