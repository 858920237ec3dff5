import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { run as pause } from "../../../cli/commands/traffic/pause";
import { endProcess, isCommandProcess } from "../../../cli/stack/process";
import { UpdateFailed } from "../../../cli/ports/engine";
import { isAlive } from "../../../repository/stack/process";
import { runCommand } from "../memory/command";
import { deadProcess } from "../memory/engine";
import { live, memoryStack } from "../memory/stack";

const lockedBy = (host: string, pid: number) => [{ text: `bo@${host} (pid ${pid})`, host, pid }];

describe("Pulumi's lock on the stack", () => {
  it("is cleared where its owner is dead on this machine", async () => {
    const stack = memoryStack({}, live());
    stack.engine.lockedBy = lockedBy(hostname(), deadProcess);
    const ended = await runCommand(stack, "pause", pause);
    expect([ended.exitCode, stack.engine.unlocked, stack.steps()]).toEqual([0, 1, ["pause pause"]]);
    expect(ended.stderr).toContain("clearing a lock whose owner is dead: ");
  });

  it("is cleared where this process id belongs to another program by now", async () => {
    const stack = memoryStack({}, live());
    stack.engine.lockedBy = lockedBy(hostname(), process.pid);
    expect((await runCommand(stack, "pause", pause)).exitCode).toBe(0);
    expect(stack.engine.unlocked).toBe(1);
  });

  it.each([
    ["an owner on another machine", lockedBy("ci", 7)],
    ["nobody that the backend could name", []],
  ])("of %s is left alone: held (7), the file as it was, the lease given back", async (_, owners) => {
    const stack = memoryStack({}, live());
    stack.engine.lockedBy = owners;
    const ended = await runCommand(stack, "pause", pause);
    expect(ended).toMatchObject({ exitCode: 7, next: "make status" });
    expect(ended.stderr).toContain("That update is running; nothing was changed.");
    expect([stack.engine.unlocked, stack.inFile()]).toEqual([0, live()]);
    expect([...stack.parameters.keys()].filter((path) => path.endsWith("/lease"))).toEqual([]);
  });
});

describe("an update that fails", () => {
  it("after the release was published is run once more, for what it had left", async () => {
    const stack = memoryStack({}, live());
    stack.engine.failing.push((args) => {
      stack.engine.applyHalf(args, "published");
      stack.engine.lockedBy = undefined;
      throw new UpdateFailed(["a pod would not go"], "failed", undefined);
    });
    const ended = await runCommand(stack, "pause", pause);
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain("the update failed after the release was applied: a pod would not go");
    expect([stack.engine.ups.length, stack.inFile().traffic]).toEqual([2, "paused"]);
  });

  it("leaves a file alone that somebody edited meanwhile, and says how to put the release into it", async () => {
    const stack = memoryStack({}, live());
    stack.engine.failing.push(() => {
      stack.write({ ...live(), serial: 99 });
      throw new UpdateFailed(["no cluster"], "failed", undefined);
    });
    const ended = await runCommand(stack, "pause", pause);
    expect(ended.stderr).toContain(
      "was edited meanwhile and is left as it is; `make sync` puts the applied release into it.",
    );
    expect(stack.inFile().serial).toBe(99);
  });
});

describe("the process of a command", () => {
  it("is asked to end, and gone when the answer is yes", async () => {
    const child = spawn("sleep", ["60"]);
    await once(child, "spawn");
    const pid = child.pid ?? deadProcess;
    expect(isCommandProcess(pid)).toBe(false);
    expect(await endProcess(pid, 5)).toBe(true);
    expect(isAlive(pid)).toBe(false);
  });

  it("is forced to end where it does not listen", async () => {
    const child = spawn("sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"]);
    await once(child.stdout, "data");
    expect(await endProcess(child.pid ?? deadProcess, 0.2)).toBe(true);
    expect(child.signalCode ?? "SIGKILL").toBe("SIGKILL");
  });
});
