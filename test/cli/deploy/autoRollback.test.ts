import { describe, expect, it } from "vitest";
import { run as deploy } from "../../../cli/commands/deploy/deploy";
import { UpdateFailed } from "../../../cli/ports/engine";
import type { Raw } from "../../../cli/shell/options";
import { hex } from "../../../decisions/release/digest";
import { emptyRelease, releaseAfter } from "../../../decisions/release/nextRelease";
import { parameters as paths } from "../../../decisions/stack/names";
import { allTo } from "../../../decisions/traffic/routing";
import { digestOf, sample } from "../../decisions/samples";
import { runCommand } from "../memory/command";
import { deploying, expectServed, goesBadAs, quickGate, refusal, whereItIs } from "../memory/deploying";
import { live, memoryStack, revision, stepsTo, type MemoryStack } from "../memory/stack";

const type = (stack: MemoryStack, options: Raw = {}) => runCommand(stack, "deploy", deploy, options);

const failed = (why: string) => () => {
  throw new UpdateFailed([why], "failed", undefined);
};
const loaded = ["deploy load", "deploy canary"];
const rolledBack = ["deploy rollback", "deploy validate"];

describe("a release that goes bad", () => {
  it("as a canary is braked within seconds, rolled back and refused from then on", async () => {
    const stack = deploying();
    goesBadAs(stack, "canary");
    const ended = await type(stack);
    expect(ended).toMatchObject({
      exitCode: 5,
      next: "make status",
      fields: { gate: { verdict: "rollback" } },
    });
    expect(ended.stderr).toContain(
      "1.2.0 was not released and is rolled back: The canary is bad: the canary has more",
    );
    expect(stack.steps()).toEqual([...loaded, ...rolledBack]);
    expect(stack.cloud.sets).toEqual([allTo("blue")]);
    expect(refusal(stack)).toMatchObject({
      actor: "ada",
      reason: expect.stringContaining("more errors") as string,
    });
    expect(stack.clock.now().getTime() - Date.UTC(2026, 10, 24)).toBeLessThan(30_000);
    expectServed(stack, 1, "blue");
  });

  it("during the promotion is braked in the middle of that update, whose weights are put back", async () => {
    const stack = deploying();
    stack.engine.failing.push(
      () => undefined,
      () => undefined,
      async () => {
        stack.cloud.routing = allTo("green");
        stack.cloud.errorShare.set(digestOf(2), 0.2);
        await stack.clock.wait(20_000);
        expect([stack.cloud.routing, refusal(stack)]).toEqual([allTo("blue"), expect.anything()]);
        // The update goes on and moves the rule once more.
        stack.cloud.routing = allTo("green");
        await stack.clock.wait(5_000);
        expect(stack.cloud.routing).toEqual(allTo("blue"));
      },
    );
    const ended = await type(stack);
    expect(ended.exitCode).toBe(5);
    expect(ended.stderr).toContain("what was under way ended: ");
    expect(ended.stderr).toContain("The release went bad after its promotion");
    expect(stack.steps()).toEqual([...loaded, ...rolledBack]);
    expectServed(stack, 1, "blue");
  });

  it("after its promotion is rolled back and never validated: the update that would do so is refused", async () => {
    const stack = deploying();
    goesBadAs(stack, "live");
    const pass = () => undefined;
    stack.engine.failing.push(pass, pass, pass, () => stack.clock.wait(20_000));
    expect((await type(stack)).exitCode).toBe(5);
    expect(stack.steps()).toEqual([...loaded, "deploy promote", ...rolledBack]);
    expectServed(stack, 1, "blue");
  });

  it("in the bake is rolled back although it was validated", async () => {
    const stack = deploying();
    goesBadAs(stack, "validated");
    const ended = await type(stack);
    expect(ended).toMatchObject({ exitCode: 5, fields: { bake: { verdict: "rollback" } } });
    expect(stack.steps()).toEqual([...loaded, "deploy promote", "deploy validate", ...rolledBack]);
    expect(refusal(stack)).toBeDefined();
    expectServed(stack, 1, "blue");
  });

  it("is rolled back also where the evidence for the release before was never written", async () => {
    const stack = deploying();
    stack.parameters.delete(paths.evidence("prod", "validated", hex(digestOf(1))));
    goesBadAs(stack, "validated");
    expect((await type(stack)).exitCode).toBe(5);
    expectServed(stack, 1, "blue");
  });

  it("is not rolled back for what nobody could judge in the bake; that is said with exit code 1", async () => {
    const stack = deploying();
    const { apply } = stack.engine;
    stack.engine.apply = (message) => {
      apply(message);
      if (message.includes("validate")) stack.cloud.hasMetrics = false;
    };
    const ended = await type(stack);
    expect(ended).toMatchObject({ exitCode: 1, next: "make status" });
    expect(ended.stderr).toContain("live and validated, but its bake could not be judged: ");
    expectServed(stack, 2, "green");
  });

  it("is free to be deployed again where there was too little traffic to judge it", async () => {
    const stack = deploying();
    stack.cloud.rate = 1;
    const ended = await type(stack);
    expect(ended).toMatchObject({ exitCode: 5, fields: { gate: { verdict: "hold" } } });
    expect(ended.stderr).toContain(
      "The canary was not promoted by its deadline: not to be promoted after 121 s",
    );
    expect(refusal(stack)).toBeUndefined();
    expectServed(stack, 1, "blue");
    stack.cloud.rate = 100;
    expect((await type(stack)).exitCode).toBe(0);
    expectServed(stack, 2, "green");
  });
});

describe("a step that fails", () => {
  it("before anybody was exposed puts back what a failed update left half done, and refuses nothing", async () => {
    const stack = deploying();
    stack.engine.failing.push(failed("pods are not ready"));
    const ended = await type(stack);
    expect(ended.exitCode).toBe(5);
    expect(ended.stderr).toContain("1.2.0 was not released and is rolled back: pods are not ready");
    expect(stack.steps()).toEqual(["deploy load", "deploy reapply"]);
    expect([stack.cloud.sets, refusal(stack)]).toEqual([[], undefined]);
    expectServed(stack, 1, "blue");
  });

  it("is smoke tests of the idle slot: nothing got traffic, and nothing is applied again", async () => {
    const stack = deploying();
    stack.cloud.answers.set(digestOf(2), { status: 500, body: "no such table" });
    const ended = await type(stack);
    expect(ended.exitCode).toBe(5);
    expect(ended.stderr).toContain("  home: status 500, expected 200: no such table");
    expect(ended.stderr).toContain("1 of 1 smoke tests on slot green failed:");
    expect([stack.steps(), refusal(stack)]).toEqual([["deploy load"], undefined]);
    expectServed(stack, 1, "blue");
  });

  it("is the canary's update, after it moved the rule: brake, rollback, refusal", async () => {
    const stack = deploying();
    stack.engine.failing.push(
      () => undefined,
      () => {
        stack.cloud.routing = { traffic: "open", weights: { blue: 90, green: 10 } };
        failed("the alarms could not be made")();
      },
    );
    expect((await type(stack)).exitCode).toBe(5);
    expect(stack.cloud.sets[0]).toEqual(allTo("blue"));
    expect(refusal(stack)?.reason).toContain("the alarms could not be made");
    expectServed(stack, 1, "blue");
  });

  it("is requests after the promotion that another release answers", async () => {
    const stack = deploying();
    const { apply } = stack.engine;
    stack.engine.apply = (message) => {
      apply(message);
      if (message.includes("promote")) stack.cloud.answers.set(digestOf(2), { release: digestOf(4) });
    };
    const ended = await type(stack);
    expect(ended.exitCode).toBe(5);
    expect(ended.stderr).toContain(`Requests are still answered by something else than ${digestOf(2)}`);
    expectServed(stack, 1, "blue");
  });

  it("is refused by the program after the checklist: the release with traffic goes back, unrefused", async () => {
    const { loaded: state, canary } = stepsTo(live(), 2);
    const stack = deploying({}, live(), state, canary);
    stack.engine.failing.push(() => {
      throw new UpdateFailed(["[policy] no-public-bucket"], "refused", undefined);
    });
    expect((await type(stack)).exitCode).toBe(5);
    expect(refusal(stack)).toBeUndefined();
    expectServed(stack, 1, "blue");
  });
});

describe("going back that fails", () => {
  it("ends with exit code 6, the brake's rule, both reasons and the command that goes on", async () => {
    const stack = deploying();
    goesBadAs(stack, "canary");
    stack.engine.failing.push(
      () => undefined,
      () => undefined,
      failed("the cluster is away"),
    );
    const ended = await type(stack);
    expect(ended).toMatchObject({ exitCode: 6, next: "make rollback VERSION=1.1.0" });
    expect(ended.stderr).toMatch(/The canary is bad: .*\n.*and going back failed: the cluster is away/);
    expect(ended.stderr).toContain("The database does not answer");
    expect([stack.cloud.routing, refusal(stack)]).toEqual([allTo("blue"), expect.anything()]);
    expect(whereItIs(stack).passing).toContain(paths.killSwitch("prod"));
  });

  it("is finished by the same command, which ends as it would have ended", async () => {
    const stack = deploying();
    goesBadAs(stack, "canary");
    stack.engine.failing.push(
      () => undefined,
      () => undefined,
      failed("the cluster is away"),
    );
    await type(stack);
    const again = await type(stack);
    expect(again).toMatchObject({ exitCode: 5, next: "make status" });
    expect(again.stderr).toContain("Going back to 1.1.0 is finished now.");
    expectServed(stack, 1, "blue");
  });
});

describe("a first release that fails its smoke tests", () => {
  it("leaves traffic paused and is not known good", async () => {
    const migrated = releaseAfter.migrate(emptyRelease(), { revision, image: sample(2).image });
    const stack = memoryStack(
      { options: { version: "1.2.0" }, config: quickGate },
      emptyRelease(),
      migrated,
      releaseAfter.first(migrated, sample(2, revision)),
    );
    stack.cloud.answers.set(digestOf(2), { status: 500 });
    const ended = await type(stack);
    expect(ended.exitCode).toBe(5);
    expect([stack.published().traffic, stack.published().validated]).toEqual(["paused", undefined]);
    expect(stack.steps()).toEqual([]);
  });

  it("pauses where it failed once traffic was open", async () => {
    const migrated = releaseAfter.migrate(emptyRelease(), { revision, image: sample(2).image });
    const stack = memoryStack(
      { options: { version: "1.2.0" }, config: quickGate },
      emptyRelease(),
      migrated,
      releaseAfter.first(migrated, sample(2, revision)),
    );
    const { apply } = stack.engine;
    stack.engine.apply = (message) => {
      apply(message);
      if (message.includes("validate")) stack.cloud.answers.set(digestOf(2), { status: 500 });
    };
    const ended = await type(stack);
    expect(ended.exitCode).toBe(5);
    expect(stack.steps()).toEqual(["deploy validate", "deploy pause", "deploy rollback"]);
    expect([stack.published().traffic, stack.published().validated]).toEqual(["paused", undefined]);
    expect(stack.parameters.has(paths.evidence("prod", "validated", hex(digestOf(2))))).toBe(false);
  });
});
