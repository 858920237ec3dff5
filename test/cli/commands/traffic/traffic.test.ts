import { describe, expect, it } from "vitest";
import { run as open } from "../../../../cli/commands/traffic/open";
import { run as pause } from "../../../../cli/commands/traffic/pause";
import { UpdateFailed } from "../../../../cli/ports/engine";
import { emptyRelease, releaseAfter } from "../../../../decisions/release/nextRelease";
import { parameters as paths } from "../../../../decisions/stack/names";
import { allTo } from "../../../../decisions/traffic/routing";
import { digestOf } from "../../../decisions/samples";
import { runCommand } from "../../memory/command";
import { live, memoryStack, stepsTo } from "../../memory/stack";

const paused = { traffic: "paused" } as const;
const closed = () => memoryStack({}, live(), releaseAfter.pause(live()));

describe("make pause", () => {
  it("pauses the rule at once, then writes that into config, and verifies it by requests", async () => {
    const stack = memoryStack({}, live());
    stack.engine.failing.push(() => expect(stack.cloud.routing).toEqual(paused));
    const ended = await runCommand(stack, "pause", pause);
    expect(ended).toMatchObject({ exitCode: 0, next: "make open", fields: { upCount: 1 } });
    expect([stack.published().traffic, stack.cloud.routing, stack.steps()]).toEqual([
      "paused",
      paused,
      ["pause pause"],
    ]);
  });

  it("does not wait for what a killed command left half done", async () => {
    const stack = memoryStack({}, live());
    stack.engine.pendingOperations = ["updating urn:…"];
    await runCommand(stack, "pause", pause);
    expect(stack.steps()).toEqual(["pause pause"]);
  });

  it("keeps users on the 503 where the update fails, and says that the file holds the release before", async () => {
    const stack = memoryStack({}, live());
    stack.engine.failing.push(() => {
      throw new UpdateFailed(["the cluster is away"], "failed", undefined);
    });
    const ended = await runCommand(stack, "pause", pause);
    expect(ended.exitCode).toBe(5);
    expect(ended.stderr).toContain(
      "The step pause failed; the file holds the release before it: the cluster is away",
    );
    expect([stack.cloud.routing, stack.inFile().traffic]).toEqual([paused, "open"]);
  });

  it("puts a rule that somebody opened by hand back to the pause, without an update", async () => {
    const stack = closed();
    stack.cloud.routing = allTo("blue");
    const ended = await runCommand(stack, "pause", pause);
    expect(ended.stdout).toBe("Traffic of stack prod is paused already.\n");
    expect([stack.cloud.routing, stack.steps()]).toEqual([paused, []]);
  });

  it("changes nothing with DRY_RUN", async () => {
    const stack = memoryStack({}, live());
    const ended = await runCommand(stack, "pause", pause, { dryRun: true });
    expect(ended.stdout).toContain("Would apply the step pause, serial 4.");
    expect([stack.cloud.sets, stack.steps(), stack.parameters.has(paths.lease("prod"))]).toEqual([
      [],
      [],
      false,
    ]);
  });
});

describe("make open", () => {
  it("opens after the smoke tests on the live slot, and verifies it by requests", async () => {
    const stack = closed();
    const ended = await runCommand(stack, "open", open);
    expect(ended).toMatchObject({ exitCode: 0, next: "make status" });
    expect([stack.published().traffic, stack.cloud.routing, stack.steps()]).toEqual([
      "open",
      allTo("blue"),
      ["open open"],
    ]);
  });

  it("stays paused where a smoke test fails", async () => {
    const stack = closed();
    stack.cloud.answers.set(digestOf(1), { status: 500, body: "no database" });
    const ended = await runCommand(stack, "open", open);
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(
      /Traffic stays paused\. 1 of 1 smoke tests on slot blue failed:\n.*no database/,
    );
    expect([stack.cloud.routing, stack.steps()]).toEqual([paused, []]);
  });

  it("does nothing where traffic is open", async () => {
    const stack = memoryStack({}, live());
    expect((await runCommand(stack, "open", open)).stdout).toBe("Traffic of stack prod is open already.\n");
    expect(stack.steps()).toEqual([]);
  });

  it("is refused where no release would answer", async () => {
    const stack = memoryStack({}, emptyRelease());
    const ended = await runCommand(stack, "open", open);
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toContain("Slot blue is empty, so nothing would answer. Deploy a release first.");
  });

  it("is refused by the rules before an update where nothing was validated yet", async () => {
    const { loaded, canary, promoted } = stepsTo(live(), 2);
    const stack = memoryStack({}, live(), loaded, canary, promoted, releaseAfter.pause(promoted));
    const ended = await runCommand(stack, "open", open);
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toContain("The step open to serial 8 is refused:");
    expect(stack.engine.ups).toEqual([]);
  });
});
