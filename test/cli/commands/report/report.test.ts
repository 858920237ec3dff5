import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { run as deploy } from "../../../../cli/commands/deploy/deploy";
import { run as report } from "../../../../cli/commands/report/report";
import type { Raw } from "../../../../cli/shell/options";
import { digestOf } from "../../../decisions/samples";
import { records } from "../../memory/auditTrail";
import { runCommand } from "../../memory/command";
import { recordedStack } from "../../memory/recorded";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

vi.mock("../../../../cli/ports/auditTrail", () => import("../../memory/auditTrail.js"));
vi.mock("../../../../cli/ports/queue", () => import("../../memory/queue.js"));
vi.mock("../../../../cli/ports/channels", () => import("../../memory/channels.js"));

let stack: MemoryStack;
beforeEach(async () => {
  stack = recordedStack();
  await stack.clock.wait(1_000);
});
const release = (more: Raw = {}) => runCommand(stack, "deploy", deploy, { version: "1.2.0", ...more });
const type = (options: Raw = {}) => runCommand(stack, "report", report, options);
const page = (name: string) => readFileSync(join(stack.root, ".deployment-safety/reports", name), "utf8");

describe("make report", () => {
  it("writes a page about the newest release, says its verdict and figures, and changes nothing on the stack", async () => {
    await release();
    const [parameters, updates] = [new Map(stack.parameters), stack.engine.ups.length];
    const ended = await type();
    expect(ended).toMatchObject({ exitCode: 0, fields: { unknown: [], verdict: { tone: "good" } } });
    expect(ended.stdout).toMatch(/1\.2\.0.*: .*\n[^]*Written to .*prod-1\.2\.0\.html\n$/);
    expect(page("prod-1.2.0.html")).toContain("make report VERSION=1.2.0");
    expect([stack.parameters, stack.engine.ups.length]).toEqual([parameters, updates]);
  });

  it("is about the release that was rolled back, or about its incident", async () => {
    stack.cloud.errorShare.set(digestOf(2), 0.5);
    const { fields, exitCode } = await release();
    expect(exitCode).toBe(5);
    expect((await type()).fields).toMatchObject({ verdict: { tone: "bad" } });
    const incident = String(fields.incident);
    const ended = await type({ incident, out: "page.html" });
    expect(ended).toMatchObject({ exitCode: 0, fields: { file: join(stack.root, "page.html") } });
    expect(readFileSync(join(stack.root, "page.html"), "utf8")).toContain(`make report INCIDENT=${incident}`);
  });

  it("says which sources are unknown, on the page too, rather than failing", async () => {
    await release();
    stack.cloud.hasMetrics = false;
    records.away = new Error("no route");
    const ended = await type();
    expect(ended.exitCode).toBe(0);
    expect(ended.fields.unknown).toEqual([
      "What the error budget's window had are unknown: the source of metrics does not say",
      "The audit trail and the incident log are unknown: no route",
    ]);
    expect(ended.stdout).toContain("2 source(s) unknown, see above");
    expect(page("prod-1.2.0.html")).toContain("no route");
  });

  it("names what it can be about where VERSION or INCIDENT is none of it", async () => {
    expect(await type()).toMatchObject({ exitCode: 2, next: "make deploy VERSION=<tag>" });
    await release();
    const version = await type({ version: "9.9.9" });
    expect(version.stderr).toContain("has no update about version `9.9.9`. It has: 1.2.0.");
    const incident = await type({ incident: "INC-0" });
    expect(incident).toMatchObject({ exitCode: 2, next: "make status" });
    expect(incident.stderr).toContain("There is no incident `INC-0` in the records or on this machine.");
    const both = await type({ incident: "INC-0", version: "1.2.0" });
    expect(both.stderr).toContain("INCIDENT and VERSION are both given");
    expect(existsSync(join(stack.root, ".deployment-safety/reports"))).toBe(false);
  });

  it("needs no records: what is known from elsewhere is on the page", async () => {
    stack = memoryStack({}, live());
    await stack.clock.wait(1_000);
    await release();
    const ended = await type();
    expect(ended.fields.unknown).toEqual([
      "The audit trail and the incident log are unknown: this stack has no `reporting`",
    ]);
    expect(page("prod-1.2.0.html")).toContain("1.2.0");
  });
});
