import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { served, written } from "../decisions/samples";
import { type Ended, makeProject, runCommand } from "./commandRun";

/** The command line as a person runs it, in a project of its own whose cloud nobody answers at. */
let folder: string;

const run = (words: string[], environment: Record<string, string> = {}): Promise<Ended> =>
  runCommand(folder, words, {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    PULUMI_BACKEND_URL: `file://${folder}`,
    ...environment,
  });

/** A project with the stacks `prod`, which is sound, and `broken`, which is not. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "operations-"));
  makeProject(folder, {
    prod: written(served()),
    broken: written({ ...served(), canaryWeight: 11 }, { gate: {} }),
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.concurrent("the command line", { timeout: 60_000 }, () => {
  it("shows every command in its help", async ({ expect }) => {
    const { exitCode, stdout } = await run(["--help"]);
    expect(exitCode).toBe(0);
    for (const name of [
      "deploy",
      "rollback",
      "migrate",
      "downgrade",
      "smoke",
      "checklist",
      "status",
      "sync",
      "empty-idle",
      "pause",
      "open",
      "unblock",
    ])
      expect(stdout).toContain(name);
  });
  it("ends an unknown command or option with usage (2)", async ({ expect }) => {
    expect((await run(["undo"])).exitCode).toBe(2);
    expect((await run(["rollback", "--force"])).exitCode).toBe(2);
  });
  it("ends a missing VERSION with usage (2), the known ones, and one JSON object on stdout", async ({
    expect,
  }) => {
    const { exitCode, stdout } = await run(["deploy"], { JSON: "1" });
    expect(exitCode).toBe(2);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ command: "deploy", stack: "prod", exitCode: 2, steps: [] });
    expect(report.error).toMatch(/VERSION is missing\. Known versions: 1\.2\.0/);
  });
  it("ends a rollback without VERSION with usage (2), also when nothing answers", async ({ expect }) => {
    const { exitCode, stderr } = await run(["rollback"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/VERSION \(or UPDATE\) is missing/);
  });
  it("ends an unknown version with usage (2) and the known ones", async ({ expect }) => {
    const { exitCode, stderr } = await run(["deploy", "--version", "9.9.9"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/no version `9\.9\.9`.*Known versions: 1\.2\.0/);
  });
  it("ends an unknown stack with usage (2) and the known ones", async ({ expect }) => {
    const { exitCode, stderr } = await run(["status"], { STACK: "production" });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/no stack `production`.*Known stacks: broken, prod/);
  });
  it("does not ask without a terminal: empty-idle and downgrade without YES end with usage (2)", async ({
    expect,
  }) => {
    for (const words of [["empty-idle"], ["downgrade", "--revision", "r1"]]) {
      const { exitCode, stderr } = await run(words);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("YES=1");
    }
  });
  it("ends a downgrade without REVISION with usage (2)", async ({ expect }) =>
    expect(await run(["downgrade"], { YES: "1" })).toMatchObject({ exitCode: 2 }));
  it("takes an override without a name and a reason for none (2)", async ({ expect }) => {
    const { exitCode, stderr } = await run(["deploy", "--version", "1.2.0", "--override", "gate"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("OVERRIDE needs REASON=<why> and ACTOR=<who>");
  });
  it("ends an invalid config with 3 and all faults, before anything else, and leaves the file", async ({
    expect,
  }) => {
    const read = () => readFileSync(join(folder, "Pulumi.broken.yaml"), "utf8");
    const before = read();
    const { exitCode, stderr } = await run(["rollback", "--version", "1.1.0", "--stack", "broken"]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/release\.canaryWeight/);
    expect(stderr).toMatch(/gate\.minRequests/);
    expect(read()).toBe(before);
  });
});
