import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { run as rollback } from "../../../cli/commands/rollback/rollback";
import { UpdateFailed } from "../../../cli/ports/engine";
import type { Raw } from "../../../cli/shell/options";
import { parameters as paths } from "../../../decisions/stack/names";
import { allTo } from "../../../decisions/traffic/routing";
import { digestOf } from "../../decisions/samples";
import { runCommand } from "../memory/command";
import { deploying, expectServed, refusal, whereItIs } from "../memory/deploying";
import { live, memoryStack, stepsTo, type MemoryStack } from "../memory/stack";

const steps = stepsTo(live(), 2);
const released = () => deploying({}, live(), ...Object.values(steps));
const canary = () => deploying({}, live(), steps.loaded, steps.canary);
const type = (stack: MemoryStack, options: Raw = { version: "1.1.0" }) =>
  runCommand(stack, "rollback", rollback, options);

const lease = (stack: MemoryStack, more: object) =>
  stack.parameters.set(
    paths.lease("prod"),
    JSON.stringify({
      id: "other",
      operation: "deploy",
      version: "1.2.0",
      actor: "bo",
      host: "another-host",
      pid: 1,
      since: stack.clock.now().toISOString(),
      heartbeat: stack.clock.now().toISOString(),
      ...more,
    }),
  );

describe("make rollback", () => {
  it("brakes before its first update, and ends with the release before validated and the bad one refused", async () => {
    const stack = released();
    stack.engine.failing.push(() =>
      expect([stack.cloud.routing, refusal(stack)]).toEqual([allTo("blue"), expect.anything()]),
    );
    const ended = await type(stack, { version: "1.1.0", reason: "grades are wrong" });
    expect(ended).toMatchObject({
      exitCode: 0,
      next: "make status",
      fields: { target: { version: "1.1.0" }, upCount: 2 },
    });
    expect(ended.stdout).toMatch(/^Stack prod is back at 1\.1\.0 \(.*\)\./);
    expect(ended.stdout).toContain("Commit Pulumi.prod.yaml: it holds the release that is applied now.");
    expect(refusal(stack)).toMatchObject({ actor: "ada", reason: "grades are wrong" });
    expect(stack.steps()).toEqual(["rollback rollback", "rollback validate"]);
    expectServed(stack, 1, "blue");
  });

  it("takes a canary back", async () => {
    const stack = canary();
    expect((await type(stack)).exitCode).toBe(0);
    expect([stack.cloud.sets[0], refusal(stack)]).toEqual([allTo("blue"), expect.anything()]);
    expectServed(stack, 1, "blue");
  });

  it("loads a release that no slot holds any more, then brakes and refuses the bad one", async () => {
    const next = stepsTo(steps.validated, 3);
    const stack = deploying({}, live(), ...Object.values(steps), ...Object.values(next));
    expect((await type(stack)).exitCode).toBe(0);
    expect(stack.steps()).toEqual([
      "rollback rollback",
      "rollback load",
      "rollback rollback",
      "rollback validate",
    ]);
    expect([stack.cloud.sets, refusal(stack, 3)]).toEqual([[allTo("green")], expect.anything()]);
    expectServed(stack, 1, "green");
  });

  it("has nothing to do a second time", async () => {
    const stack = released();
    await type(stack);
    const end = whereItIs(stack);
    const again = await type(stack);
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain("stack prod is at 1.1.0 already");
    expect([whereItIs(stack), stack.steps()]).toEqual([end, ["rollback rollback", "rollback validate"]]);
  });

  it("shows plan and diff with DRY_RUN, and changes nothing", async () => {
    const stack = released();
    const before = new Map(stack.parameters);
    const ended = await type(stack, { version: "1.1.0", dryRun: true });
    expect(ended).toMatchObject({ exitCode: 0, next: "make rollback VERSION=1.1.0" });
    expect(ended.stdout).toMatch(
      /^Target: 1\.1\.0 as of .*\nBrake first: all traffic to slot blue; .*\n1\. rollback /,
    );
    expect(ended.stdout).toContain("release.live: green -> blue");
    expect([stack.parameters, stack.cloud.sets, stack.engine.ups]).toEqual([before, [], []]);
  });

  it("lists what can be gone back to where VERSION is missing", async () => {
    const ended = await type(memoryStack({}, live(), ...Object.values(steps)), {});
    expect(ended).toMatchObject({ exitCode: 2, next: "make rollback VERSION=1.1.0" });
    expect(ended.stderr).toMatch(
      /VERSION \(or UPDATE\) is missing\. Known-good targets: 1\.2\.0 \(.*\), 1\.1\.0 \(.*\)\./,
    );
  });

  it("ends nobody's deploy for a version that was never validated here", async () => {
    const stack = released();
    lease(stack, {});
    const ended = await type(stack, { version: "1.4.0" });
    expect([ended.exitCode, ended.next]).not.toContain(0);
    expect(stack.parameters.get(paths.lease("prod"))).not.toContain("cancelled");
    expect([stack.cloud.sets, stack.engine.ups]).toEqual([[], []]);
  });
});

describe("a rollback beside other operations", () => {
  it("ends a deploy on another host by a mark in its lease", async () => {
    const stack = canary();
    lease(stack, {});
    const stopped = (async () => {
      while (!stack.parameters.get(paths.lease("prod"))?.includes("cancelled")) await stack.clock.wait(500);
      stack.parameters.delete(paths.lease("prod"));
    })();
    const ended = await type(stack);
    await stopped;
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain("ending deploy of 1.2.0 by bo on another-host (process 1) since ");
    expectServed(stack, 1, "blue");
  });

  it("takes over after 30 s where that host has died without a word", async () => {
    const stack = canary();
    lease(stack, {});
    expect((await type(stack)).exitCode).toBe(0);
    expectServed(stack, 1, "blue");
  });

  it("never ends another rollback (7), but leaves the brake's rule in place", async () => {
    const stack = canary();
    lease(stack, { operation: "rollback", host: hostname(), pid: process.pid });
    const ended = await type(stack);
    expect(ended).toMatchObject({ exitCode: 7, next: "make status" });
    expect(ended.stderr).toContain("Another operation holds stack prod: rollback of 1.2.0 by bo on");
    expect([stack.cloud.routing, stack.engine.ups]).toEqual([allTo("blue"), []]);
  });

  it("waits for an update without a lease, and plans anew where that made another step", async () => {
    const stack = released();
    stack.engine.lockedBy = [{ text: "bo@ci (pid 7)", host: "ci", pid: 7 }];
    const theirs = stack.clock.wait(5_000).then(() => {
      stack.write({ ...steps.validated, serial: steps.validated.serial + 1 });
      stack.engine.apply("");
      stack.engine.lockedBy = undefined;
    });
    const ended = await type(stack);
    await theirs;
    expect(ended.stderr).toContain(
      "waiting for the update that is running: The stack is locked by bo@ci (pid 7).",
    );
    expect(ended.stderr).toContain("another update came between; planning anew");
    expect(ended.exitCode).toBe(0);
    expectServed(stack, 1, "blue");
  });

  it("gives up after two minutes (7), with the brake's rule kept and said", async () => {
    const stack = released();
    stack.engine.lockedBy = [{ text: "bo@ci (pid 7)", host: "ci", pid: 7 }];
    const ended = await type(stack);
    expect(ended.exitCode).toBe(7);
    expect(ended.stderr).toContain("That update is running; nothing was changed. The brake is on: ");
    expect([stack.cloud.routing, stack.inFile(), stack.engine.unlocked]).toEqual([
      allTo("blue"),
      steps.validated,
      0,
    ]);
  });
});

describe("a rollback that fails", () => {
  const fail = () => {
    throw new UpdateFailed(["the cluster is away"], "failed", undefined);
  };

  it("ends with 6, keeps the rule on the good slot, and says what to type", async () => {
    const stack = released();
    stack.engine.failing.push(fail);
    const ended = await type(stack);
    expect(ended).toMatchObject({ exitCode: 6, next: "make rollback VERSION=1.1.0" });
    expect(ended.stderr).toContain("The rollback is not finished: the cluster is away");
    expect(ended.stderr).toContain("The brake is on: ");
    expect([stack.cloud.routing, stack.inFile()]).toEqual([allTo("blue"), steps.validated]);
    expect(stack.parameters.has(paths.lease("prod"))).toBe(false);
  });

  it("is finished by the same command", async () => {
    const stack = released();
    stack.engine.failing.push(undefined as never, fail);
    expect((await type(stack)).exitCode).toBe(6);
    expect((await type(stack)).exitCode).toBe(0);
    expectServed(stack, 1, "blue");
  });

  it("ends with 6 where another release still answers at the end", async () => {
    const stack = released();
    const { apply } = stack.engine;
    stack.engine.apply = (message) => {
      apply(message);
      if (message.includes("validate")) stack.cloud.answers.set(digestOf(1), { release: digestOf(4) });
    };
    const ended = await type(stack);
    expect(ended.exitCode).toBe(6);
    expect(ended.stderr).toContain(`Requests are still answered by something else than ${digestOf(1)}`);
  });

  it("keeps users on a pause while the good slot has too few targets, and moves as soon as it has them", async () => {
    const stack = released();
    stack.cloud.healthy.blue = 1;
    stack.engine.failing.push(async () => {
      expect(stack.cloud.routing).toEqual({ traffic: "paused" });
      stack.cloud.healthy.blue = 2;
      await stack.clock.wait(3_000);
      expect(stack.cloud.routing).toEqual(allTo("blue"));
    });
    expect((await type(stack)).exitCode).toBe(0);
    expectServed(stack, 1, "blue");
  });
});
