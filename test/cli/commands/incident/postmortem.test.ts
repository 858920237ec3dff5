import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { run as deploy } from "../../../../cli/commands/deploy/deploy";
import { run as incident } from "../../../../cli/commands/incident/incident";
import { run as postmortem } from "../../../../cli/commands/incident/postmortem";
import { handMark } from "../../../../decisions/incident/postmortem";
import { digestOf } from "../../../decisions/samples";
import { records } from "../../memory/auditTrail";
import { runCommand } from "../../memory/command";
import { recordedStack } from "../../memory/recorded";
import type { MemoryStack } from "../../memory/stack";

vi.mock("../../../../cli/ports/auditTrail", () => import("../../memory/auditTrail.js"));
vi.mock("../../../../cli/ports/queue", () => import("../../memory/queue.js"));
vi.mock("../../../../cli/ports/channels", () => import("../../memory/channels.js"));

let stack: MemoryStack;
beforeEach(() => (stack = recordedStack()));
const fileOf = (id: string) => join(stack.root, `postmortems/${id}.md`);
const type = (id: string, more = {}) =>
  runCommand(stack, "postmortem", postmortem, { incident: id, ...more });
const openTicket = async () =>
  String(
    (await runCommand(stack, "incident", incident, { ticket: "7", title: "grades are missing" })).fields
      .incident,
  );

describe("make postmortem", () => {
  it("fills in versions, impact, timeline and times of a release that was rolled back by itself", async () => {
    await stack.clock.wait(1_000);
    stack.cloud.errorShare.set(digestOf(2), 0.5);
    const deployed = await runCommand(stack, "deploy", deploy, { version: "1.2.0" });
    expect(deployed.exitCode).toBe(5);
    const id = String(deployed.fields.incident);
    const ended = await type(id);
    expect(ended).toMatchObject({ exitCode: 0, fields: { file: `postmortems/${id}.md` } });
    const text = readFileSync(fileOf(id), "utf8");
    expect(text).toContain("| release that did harm | 1.2.0 |");
    expect(text).toContain("| release restored | 1.1.0 |");
    expect(text).toMatch(/requests were answered by the release that did harm/);
    expect(text).toMatch(/pulumi up: .*canary/);
    expect(text).toContain("make deploy ended with 5");
    expect(ended.next).toContain(`make incident INCIDENT=${id} STATE=closed`);
  });

  it("updates what the records know when run again, and keeps what people wrote", async () => {
    const id = await openTicket();
    await type(id);
    const people = "\n## Root cause\n\nThe index was dropped.\n";
    writeFileSync(fileOf(id), `${readFileSync(fileOf(id), "utf8").split(handMark)[0]}${handMark}${people}`);
    await runCommand(stack, "incident", incident, {
      incident: id,
      state: "resolved",
      reason: "index is back",
    });
    await type(id);
    const text = readFileSync(fileOf(id), "utf8");
    expect(text).toContain("**resolved**: index is back");
    expect(text.split(handMark)[1]).toBe(people);
  });

  it("is only shown with DRY_RUN", async () => {
    const id = await openTicket();
    expect((await type(id, { dryRun: true })).stdout).toContain(`# ${id}: grades are missing`);
    expect(existsSync(fileOf(id))).toBe(false);
  });

  it("is written from this machine's part where the records cannot be reached, and says so", async () => {
    records.away = new Error("no route");
    const id = await openTicket();
    const ended = await type(id);
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain(
      "the records cannot be reached, so commands and updates are left out: no route",
    );
    expect(readFileSync(fileOf(id), "utf8")).toContain("**opened**: on call was told");
  });
});
