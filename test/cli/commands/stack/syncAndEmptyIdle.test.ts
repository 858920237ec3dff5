import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { run as emptyIdle } from "../../../../cli/commands/stack/emptyIdle";
import { run as sync } from "../../../../cli/commands/stack/sync";
import { withKey } from "../../../../cli/ports/stackFile";
import { runCommand } from "../../memory/command";
import { live, memoryStack, stepsTo } from "../../memory/stack";

const { loaded, canary, promoted, validated } = stepsTo(live(), 2);

describe("make sync", () => {
  it("writes the applied release into a file that is behind, shows the difference, and touches nothing else", async () => {
    const stack = memoryStack({}, live(), loaded);
    stack.write(live());
    const before = readFileSync(stack.file, "utf8");
    const ended = await runCommand(stack, "sync", sync);
    expect(ended).toMatchObject({ exitCode: 0, next: "git add Pulumi.prod.yaml && git commit" });
    expect(ended.stdout).toContain("release.serial: 3 -> 4");
    expect(readFileSync(stack.file, "utf8")).toBe(withKey(before, "deployment-safety:release", loaded));
    expect(stack.engine.ups).toEqual([]);
  });

  it("keeps flags held that the newest update held", async () => {
    const stack = memoryStack({}, live());
    const held = { "gradebook-v2": { reason: "rows are lost" } };
    const text = readFileSync(stack.file, "utf8");
    writeFileSync(stack.file, withKey(text, "deployment-safety:heldFlags", held));
    stack.engine.apply("");
    writeFileSync(stack.file, text);
    await runCommand(stack, "sync", sync);
    expect(stack.context().settings.heldFlags).toEqual(held);
  });

  it("changes nothing with DRY_RUN, nor where the file agrees", async () => {
    const stack = memoryStack({}, live(), loaded);
    expect((await runCommand(stack, "sync", sync)).stdout).toBe("No config changes.\n");
    stack.write(live());
    const ended = await runCommand(stack, "sync", sync, { dryRun: true });
    expect([ended.next, stack.inFile().serial]).toEqual([undefined, live().serial]);
  });

  it("says so where nothing was ever applied", async () => {
    const stack = memoryStack({}, live());
    stack.engine.entries.length = 0;
    const ended = await runCommand(stack, "sync", sync);
    expect(ended).toMatchObject({ exitCode: 2, next: "make deploy VERSION=<tag>" });
    expect(ended.stderr).toContain("Stack prod has no succeeded update yet, so there is nothing to write.");
  });
});

describe("make empty-idle", () => {
  const released = () => memoryStack({}, live(), loaded, canary, promoted, validated);

  it("empties the idle slot and says what it held", async () => {
    const stack = released();
    const ended = await runCommand(stack, "empty-idle", emptyIdle);
    expect(ended.stdout).toContain("Slot blue held 1.1.0 and is empty now.");
    expect([Object.keys(stack.published().slots), stack.steps()]).toEqual([
      ["green"],
      ["empty-idle empty-idle"],
    ]);
  });

  it("does nothing where the slot is empty", async () => {
    const stack = memoryStack({}, live());
    expect((await runCommand(stack, "empty-idle", emptyIdle)).stdout).toBe("Slot green is empty already.\n");
    expect(stack.steps()).toEqual([]);
  });

  it("never takes a canary's pods away", async () => {
    const stack = memoryStack({}, live(), loaded, canary);
    const ended = await runCommand(stack, "empty-idle", emptyIdle);
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toContain(
      "Slot green has 10 % of the traffic. Finish or roll back the canary first.",
    );
    expect(stack.steps()).toEqual([]);
  });

  it("changes nothing with DRY_RUN, nor without a yes", async () => {
    const stack = released();
    const dry = await runCommand(stack, "empty-idle", emptyIdle, { dryRun: true });
    expect(dry.stdout).toContain("Would apply the step empty-idle, serial 8.");
    expect((await runCommand(stack, "empty-idle", emptyIdle, { yes: false })).exitCode).toBe(2);
    expect(stack.steps()).toEqual([]);
  });
});
