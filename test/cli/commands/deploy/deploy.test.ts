import { describe, expect, it } from "vitest";
import { run as checklist } from "../../../../cli/commands/deploy/checklist";
import { run as deploy } from "../../../../cli/commands/deploy/deploy";
import { run as smoke } from "../../../../cli/commands/deploy/smoke";
import { hex } from "../../../../decisions/release/digest";
import { releaseAfter } from "../../../../decisions/release/nextRelease";
import { parameters as paths } from "../../../../decisions/stack/names";
import { allTo } from "../../../../decisions/traffic/routing";
import { digestOf } from "../../../decisions/samples";
import { runCommand } from "../../memory/command";
import { deploying, expectServed, refusal } from "../../memory/deploying";
import { live, memoryStack, stepsTo, type MemoryStack } from "../../memory/stack";

const { loaded, canary, promoted, validated } = stepsTo(live(), 2);
const released = () => deploying({}, live(), loaded, canary, promoted, validated);
const type = (stack: MemoryStack, options = {}) => runCommand(stack, "deploy", deploy, options);

/** A metric source that says the service has spent its budget. */
const spend = (stack: MemoryStack) => {
  const bad = { requests: 1_000_000, errors: 5_000 };
  stack.cloud.service = async () => ({
    budget: bad,
    sixHours: bad,
    hour: bad,
    halfHour: bad,
    fiveMinutes: bad,
  });
};

describe("make deploy", () => {
  it("says what it would do with DRY_RUN, and takes no lease and makes no change", async () => {
    const stack = deploying();
    const before = new Map(stack.parameters);
    const ended = await type(stack, { dryRun: true });
    expect(ended).toMatchObject({ exitCode: 0, next: "make deploy VERSION=1.2.0" });
    expect(ended.stdout).toMatch(
      /ok {6}lease-free.*1\. load \(serial 4\).*2\. canary.*3\. promote.*4\. validate/s,
    );
    expect([stack.parameters, stack.engine.ups, stack.cloud.sets]).toEqual([before, [], []]);
  });

  it("lists the versions there are where VERSION is missing or unknown", async () => {
    const missing = await runCommand(memoryStack({}, live()), "deploy", deploy);
    expect(missing).toMatchObject({ exitCode: 2, next: "make deploy VERSION=1.4.0" });
    const unknown = await type(deploying(), { version: "9.9.9" });
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain("There is no version `9.9.9`");
    expect(unknown.stderr).toContain("Known versions: 1.1.0, 1.2.0, 1.3.0, 1.4.0.");
  });

  it("has nothing to do where the version is live and validated", async () => {
    const stack = released();
    const ended = await type(stack);
    expect(ended).toMatchObject({
      exitCode: 0,
      stdout: "1.2.0 is live and validated already.\n",
      next: "make status",
    });
    expect(stack.steps()).toEqual([]);
  });

  it("rolls back to a version that was live before, and refuses the one that it replaces", async () => {
    const stack = released();
    expect((await type(stack, { version: "1.1.0" })).exitCode).toBe(0);
    expect(stack.steps()).toEqual(["rollback rollback", "rollback validate"]);
    expect([refusal(stack), stack.cloud.sets]).toEqual([expect.anything(), [allTo("blue")]]);
    expectServed(stack, 1, "blue");
  });

  it("shows that rollback's plan with DRY_RUN", async () => {
    const stack = released();
    const ended = await type(stack, { version: "1.1.0", dryRun: true });
    expect(ended.stdout).toContain("Brake first: all traffic to slot blue; refused from then on: ");
    expect([stack.engine.ups, stack.cloud.sets]).toEqual([[], []]);
  });

  it("does not start beside another version's canary, and says how to end that one", async () => {
    const stack = deploying({}, live(), loaded, canary);
    const ended = await type(stack, { version: "1.3.0" });
    expect(ended).toMatchObject({ exitCode: 4, next: "make deploy VERSION=1.2.0" });
    expect(ended.stderr).toContain(
      "Version 1.2.0 is a canary with 10 % of the traffic, so 1.3.0 cannot start.",
    );
    expect(stack.engine.ups).toEqual([]);
  });

  it("is refused while traffic is paused, and says to open it", async () => {
    const stack = deploying({}, live(), releaseAfter.pause(live()));
    expect(await type(stack)).toMatchObject({ exitCode: 4, next: "make open" });
  });
});

describe("the checklist of a deploy", () => {
  it("names every check that failed at once, and nothing is changed", async () => {
    const stack = deploying();
    stack.cloud.alarmStates = [{ name: "errors", state: "ALARM" }];
    stack.cloud.routing = { traffic: "open", weights: { blue: 50, green: 50 } };
    const ended = await type(stack);
    expect(ended).toMatchObject({ exitCode: 4, fields: { checklist: expect.any(Array) as unknown } });
    expect(ended.stderr).toMatch(
      /2 of 12 checks failed; nothing was changed:\n.*live-weights: .*\n.*release-alarms: firing: errors/,
    );
    expect([stack.engine.ups, stack.parameters.has(paths.lease("prod"))]).toEqual([[], false]);
  });

  it("does not pass what could not be read", async () => {
    const stack = deploying();
    stack.cloud.alarmStates = new Error("denied");
    stack.cloud.hasMetrics = false;
    const ended = await type(stack);
    expect(ended.stderr).toMatch(/2 of 12 checks failed; .*\n.*release-alarms: .*\n.*budget: /);
  });

  it("lets a person go on although the budget is spent, with a name and a reason that are kept for the program", async () => {
    const stack = deploying();
    spend(stack);
    expect((await type(stack)).exitCode).toBe(4);
    const ended = await type(stack, { override: "budget", reason: "it holds the correction", actor: "ada" });
    expect(ended.exitCode).toBe(0);
    expectServed(stack, 2, "green");
  });

  it("takes no override without a reason, and says what is missing", async () => {
    const stack = deploying();
    const ended = await type(stack, { override: "budget" });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("OVERRIDE needs REASON=<why> and ACTOR=<who>");
    expect(ended.next).toMatch(/^make deploy VERSION=1\.2\.0 OVERRIDE=budget REASON=.* ACTOR=/);
    expect(stack.engine.ups).toEqual([]);
  });

  it("lets nobody override a refused digest", async () => {
    const stack = deploying();
    stack.parameters.set(
      paths.refused("prod", hex(digestOf(2))),
      JSON.stringify({
        digest: digestOf(2),
        reason: "more errors",
        actor: "bo",
        at: "2026-11-20T10:00:00.000Z",
      }),
    );
    const ended = await type(stack, { override: "not-refused", reason: "I know" });
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toContain("not-refused: refused by bo at 2026-11-20T10:00:00.000Z: more errors");
    expect(stack.engine.ups).toEqual([]);
  });

  it("asks the stage before what it validated", async () => {
    const stack = deploying({ promotedFrom: "staging" });
    const isValidated = async () => {
      const { fields } = await runCommand(stack, "checklist", checklist);
      return (fields.checklist as { id: string; ok: boolean }[]).find(({ id }) => id === "staging-validated")
        ?.ok;
    };
    expect(await isValidated()).toBe(false);
    stack.engine.outputs.set("staging/validated", digestOf(2));
    expect(await isValidated()).toBe(true);
  });
});

describe("make checklist", () => {
  it("shows the checks of a version, and proposes to deploy it", async () => {
    const ended = await runCommand(deploying(), "checklist", checklist);
    expect(ended).toMatchObject({ exitCode: 0, next: "make deploy VERSION=1.2.0" });
    expect(ended.stdout.match(/^ok /gm)).toHaveLength(12);
  });

  it("ends with 4 where one is not ok, with what to do about it", async () => {
    const stack = deploying();
    stack.cloud.alarmStates = [{ name: "errors", state: "ALARM" }];
    const ended = await runCommand(stack, "checklist", checklist);
    expect(ended.exitCode).toBe(4);
    expect(ended.stdout).toMatch(/^NOT OK {2}release-alarms .*firing: errors\n {8}Find out why first/m);
    expect(ended.next).toContain("Find out why first");
  });
});

describe("make smoke", () => {
  it("tests live traffic, or a slot through its test rule", async () => {
    const stack = deploying({}, live(), loaded);
    stack.cloud.answers.set(digestOf(2), { status: 500, body: "no such table" });
    expect((await runCommand(stack, "smoke", smoke)).stdout).toMatch(/^ok {6}home \(\d+ ms\)\n$/);
    const ended = await runCommand(stack, "smoke", smoke, { slot: "green" });
    expect(ended).toMatchObject({ exitCode: 4, next: "make status" });
    expect(ended.stdout).toMatch(/^FAILED {2}home .*: status 500, expected 200: no such table/);
  });

  it("says that a slot is empty, or that traffic is paused", async () => {
    expect((await runCommand(deploying(), "smoke", smoke, { slot: "green" })).exitCode).toBe(2);
    const ended = await runCommand(deploying({}, live(), releaseAfter.pause(live())), "smoke", smoke);
    expect(ended.stdout).toContain("home: traffic is paused (tried for 10 s)");
  });
});
