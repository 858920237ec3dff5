import { beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../../../cli/commands/database/proveDowngrade";
import { UpdateFailed } from "../../../../cli/ports/engine";
import { releaseAfter } from "../../../../decisions/release/nextRelease";
import type { Release } from "../../../../decisions/stack/config";
import { parameters as paths } from "../../../../decisions/stack/names";
import { sample } from "../../../decisions/samples";
import { runCommand } from "../../memory/command";
import { database, review, useDatabaseOf, writeRecord } from "../../memory/database";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

vi.mock("../../../../cli/ports/database", async (original) => ({
  ...(await original<object>()),
  ...(await import("../../memory/database.js")).databasePort,
}));
vi.mock(
  "../../../../cli/ports/postgres/schema",
  async () => (await import("../../memory/database.js")).schemaPort,
);

let stack: MemoryStack;
const [older, newer] = ["8c0d1b2e", "3f2a77aa"];

/** 1.2.0, which needs the newer revision, validated in green; 1.1.0 is still in blue. */
function deployed(): [Release, ...Release[]] {
  const migrated = releaseAfter.migrate(live(), { revision: newer, image: sample(2).image });
  const loaded = releaseAfter.load(migrated, sample(2, newer));
  const canary = releaseAfter.canary(loaded);
  const promoted = releaseAfter.promote(canary);
  return [live(), migrated, loaded, canary, promoted, releaseAfter.validate(promoted)];
}
function use(...releases: [Release, ...Release[]]): void {
  stack = memoryStack({ config: { evidence: { requireSigned: false } } }, ...releases);
  writeRecord(stack, 2, newer);
  useDatabaseOf(stack);
}
beforeEach(() => use(...deployed()));

const prove = (options: object = {}) => runCommand(stack, "prove-downgrade", run, options);
const evidence = () => {
  const found = stack.parameters.get(paths.evidence("prod", "downgrade", newer));
  return found === undefined ? undefined : (JSON.parse(found) as Record<string, unknown>);
};

describe("make prove-downgrade", () => {
  it("takes the database down under the previous release, up again, and records it once that is done", async () => {
    review(stack, newer);
    const ended = await prove();
    expect(ended, ended.stderr).toMatchObject({ exitCode: 0, next: "make deploy VERSION=1.2.0" });
    const steps = stack.steps().map((step) => step.split(" ").at(-1));
    expect(steps.slice(-3)).toEqual(["migrate", "rollback", "validate"]);
    expect(steps.filter((step) => step === "downgrade")).toHaveLength(1);
    expect(evidence()).toMatchObject({
      to: older,
      under: "1.1.0",
      sha256: expect.stringMatching(/^\w{64}$/) as string,
    });
    expect(stack.published()).toMatchObject({
      live: "green",
      traffic: "open",
      migration: { revision: newer },
    });
    expect(stack.published().validated, "what serves is validated again").toBeDefined();
    expect(stack.parameters.has(paths.killSwitch("prod"))).toBe(false);
    expect(stack.cloud.routing).toEqual({ traffic: "open", weights: { blue: 0, green: 100 } });

    const before = stack.engine.ups.length;
    expect((await prove()).stdout).toContain(`has downgraded ${newer} and migrated again already`);
    expect(stack.engine.ups).toHaveLength(before);
  });

  it("says what it would do with DRY_RUN, and changes nothing", async () => {
    review(stack, newer);
    const before = [...stack.parameters];
    expect((await prove({ dryRun: true })).stdout).toContain(
      `Would downgrade ${newer} and migrate again under 1.1.0`,
    );
    expect([[...stack.parameters], stack.engine.ups.length]).toEqual([before, 0]);
  });

  it("does not begin what could not come up again", async () => {
    const ended = await prove();
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(
      /is not downgraded to 8c0d1b2e, because it could not be migrated to 3f2a77aa again; nothing was changed:\n {2}- revisions-reviewed/,
    );
    expect([stack.engine.ups.length, stack.parameters.has(paths.killSwitch("prod"))]).toEqual([0, false]);
  });

  it("has nothing to do where the previous release needs the same revision", async () => {
    const loaded = releaseAfter.load(live(), sample(2, older));
    const promoted = releaseAfter.promote(releaseAfter.canary(loaded));
    use(live(), loaded, promoted, releaseAfter.validate(promoted));
    const ended = await prove();
    expect([ended.exitCode, ended.stdout]).toEqual([
      0,
      expect.stringContaining("there is nothing to downgrade"),
    ]);
  });

  it.each([
    ["the live release is not validated", () => deployed().slice(0, -1), {}, /has no validated release/],
    ["the other slot is empty", () => [live()], {}, /The other slot of stack prod is empty/],
    [
      "the version was never validated here",
      deployed,
      { version: "1.3.0" },
      /1\.3\.0[^]*Nothing was changed/,
    ],
  ] as const)("is refused where %s", async (_, releases, options, message) => {
    use(...(releases() as [Release, ...Release[]]));
    const ended = await prove(options);
    expect([ended.exitCode, ended.stderr]).toEqual([expect.any(Number), expect.stringMatching(message)]);
    expect([2, 4]).toContain(ended.exitCode);
    expect(stack.engine.ups).toEqual([]);
  });

  it("records nothing while the database has not come up again, and the previous release serves meanwhile", async () => {
    review(stack, newer);
    const untilUp = stack.engine.failing;
    const fail = () => {
      throw new UpdateFailed(["the Job migrate failed"], "failed", undefined);
    };
    // Fails the first update that migrates.
    const original = stack.engine.up.bind(stack.engine);
    vi.spyOn(stack.engine, "up").mockImplementation((args) => {
      if (stack.inFile().migration?.revision === newer && stack.published().migration?.revision === older)
        untilUp.unshift(fail);
      return original(args);
    });
    const ended = await prove();
    expect(ended.exitCode).not.toBe(0);
    expect(evidence()).toBeUndefined();
    expect(stack.published()).toMatchObject({ live: "blue", migration: { revision: older } });
    expect(stack.published().validated, "the previous release serves").toBeDefined();
    expect(database.connections).toBe(0);
  });
});
