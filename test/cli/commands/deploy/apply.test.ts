import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { run as apply } from "../../../../cli/commands/deploy/apply";
import { run as deploy } from "../../../../cli/commands/deploy/deploy";
import { liveDigest } from "../../../../decisions/release/digest";
import { releaseAfter } from "../../../../decisions/release/nextRelease";
import { parameters as paths } from "../../../../decisions/stack/names";
import { allTo } from "../../../../decisions/traffic/routing";
import { digestOf } from "../../../decisions/samples";
import { live, memoryStack, stepsTo, type MemoryStack } from "../../memory/stack";

/** Commits the stack file as it is. */
function commit({ root, file }: MemoryStack): void {
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=Bo", "-c", "user.email=bo@example.com", ...words], { cwd: root });
  git("add", file);
  git("-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "the stack file");
}

/** A stack on which 1.1.0 was committed, then 1.2.0 was released and committed; `before` is the first file. */
async function released() {
  const stack = memoryStack({ command: "apply" }, live());
  stack.parameters.set(
    paths.evidence("prod", "validated", "1".repeat(64)),
    JSON.stringify({ digest: digestOf(1) }),
  );
  commit(stack);
  const before = readFileSync(stack.file, "utf8");
  await deploy(stack.context("deploy", { version: "1.2.0" }));
  return { stack, before, after: readFileSync(stack.file, "utf8") };
}

describe("make apply", () => {
  it("takes a reverted file for a rollback, with brake, verification and refusal", async () => {
    const { stack, before } = await released();
    commit(stack);
    writeFileSync(stack.file, before);
    commit(stack);
    stack.cloud.sets.length = 0;
    await apply(stack.context());
    expect(stack.cloud.sets[0]).toEqual(allTo("blue"));
    expect([liveDigest(stack.published()), stack.published().validated]).toEqual([digestOf(1), digestOf(1)]);
    expect(stack.inFile()).toEqual(stack.published());
    expect(stack.steps().slice(4)).toEqual(["rollback rollback", "rollback validate"]);
    expect([...stack.parameters.keys()]).toContain(paths.refused("prod", "2".repeat(64)));
  });

  it("refuses the revert of the revert, and names what lets the release in again", async () => {
    const { stack, before, after } = await released();
    commit(stack);
    writeFileSync(stack.file, before);
    commit(stack);
    await apply(stack.context());
    commit(stack);
    writeFileSync(stack.file, after);
    await expect(apply(stack.context())).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining("is refused") as string,
      more: { next: expect.stringMatching(/^make unblock DIGEST=sha256:2222/) as string },
    });
    expect(liveDigest(stack.published())).toBe(digestOf(1));
  });

  it("does not take an old file for a revert: what a deploy wrote may not be merged yet", async () => {
    const { stack, before } = await released();
    writeFileSync(stack.file, before);
    const ups = stack.engine.ups.length;
    await expect(apply(stack.context())).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining("it is old, not reverted") as string,
      more: { next: "make sync" },
    });
    expect(stack.engine.ups).toHaveLength(ups);
  });

  it("applies what the file says beside the release, judged by the policies", async () => {
    const stack = memoryStack({ command: "apply" }, live());
    writeFileSync(stack.file, readFileSync(stack.file, "utf8").replace("replicas: 3", "replicas: 5"));
    await apply(stack.context());
    expect(stack.steps()).toEqual(["apply config"]);
    expect(stack.engine.ups[0]?.isRollback).toBe(false);
    expect(stack.engine.entries[0]?.config["deployment-safety:sizing"]?.value).toContain('"replicas":5');
  });

  it("takes one legal step", async () => {
    const stack = memoryStack({ command: "apply" }, live());
    stack.write(releaseAfter.pause(live()));
    await apply(stack.context());
    expect([stack.published().traffic, stack.steps()]).toEqual(["paused", ["apply pause"]]);
  });

  it("refuses a new version without its steps, and names the deploy", async () => {
    const stack = memoryStack({ command: "apply" }, live());
    stack.write(stepsTo(live(), 2).validated);
    await expect(apply(stack.context())).rejects.toMatchObject({
      exitCode: 4,
      more: { next: "make deploy VERSION=1.2.0" },
    });
    expect(stack.steps()).toEqual([]);
  });

  it("changes nothing in a dry run, whatever the file is", async () => {
    const { stack, before } = await released();
    commit(stack);
    writeFileSync(stack.file, before);
    const ups = stack.engine.ups.length;
    await apply(stack.context("apply", { dryRun: true }));
    expect([stack.engine.ups.length, readFileSync(stack.file, "utf8")]).toEqual([ups, before]);
  });

  it("writes nothing in a dry run of a step either, not even what was validated", async () => {
    const stack = memoryStack({ command: "apply" }, live());
    stack.parameters.delete(paths.evidence("prod", "validated", "1".repeat(64)));
    stack.write(releaseAfter.pause(live()));
    const before = new Map(stack.parameters);
    await apply(stack.context("apply", { dryRun: true }));
    expect([stack.parameters, stack.steps()]).toEqual([before, []]);
  });
});
