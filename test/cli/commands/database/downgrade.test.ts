import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../../../cli/commands/database/downgrade";
import { killSwitchOn } from "../../../../cli/traffic/killSwitch";
import { UpdateFailed } from "../../../../cli/ports/engine";
import { emptyRelease, releaseAfter } from "../../../../decisions/release/nextRelease";
import type { Release } from "../../../../decisions/stack/config";
import { parameters as paths, slots } from "../../../../decisions/stack/names";
import { sample } from "../../../decisions/samples";
import { runCommand } from "../../memory/command";
import { database, useDatabaseOf } from "../../memory/database";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

vi.mock("../../../../cli/ports/database", async (original) => ({
  ...(await original<object>()),
  ...(await import("../../memory/database.js")).databasePort,
}));
vi.mock(
  "../../../../cli/ports/postgres/schema",
  async () => (await import("../../memory/database.js")).schemaPort,
);

const switchPath = paths.killSwitch("prod");
let stack: MemoryStack;
/** A stack on which these releases were applied, with its database. */
function use(...releases: [Release, ...Release[]]): void {
  stack = memoryStack({ config: { evidence: { requireSigned: false } } }, ...releases);
  useDatabaseOf(stack);
}
/** 1.1.0 on a database that was migrated on to 3f2a77aa. */
const migrated = releaseAfter.migrate(live(), { revision: "3f2a77aa", image: sample(2).image });
beforeEach(() => use(live(), migrated, releaseAfter.pause(migrated)));

const downgrade = (options: object = {}) =>
  runCommand(stack, "downgrade", run, { revision: "8c0d1b2e", ...options });
const text = () => readFileSync(stack.file, "utf8");

describe("make downgrade", () => {
  it("takes a paused database down with all workers off, and names the deploy that validates again as next", async () => {
    let during: string | undefined;
    stack.engine.failing.push(() => void (during = stack.parameters.get(switchPath)));
    const ended = await downgrade();
    expect(ended).toMatchObject({ exitCode: 0, next: "make deploy VERSION=1.1.0" });
    expect(JSON.parse(during ?? "{}")).toMatchObject({ reason: "downgrade to 8c0d1b2e" });
    expect(stack.parameters.has(switchPath)).toBe(false);
    expect(stack.steps()).toEqual(["downgrade downgrade"]);
    expect(stack.published()).toMatchObject({ migration: { revision: "8c0d1b2e" }, traffic: "paused" });
    expect(stack.published()).not.toHaveProperty("validated");
    expect(ended.stderr).toContain("verify the schema at 8c0d1b2e");
    expect((await downgrade()).stdout).toContain("is at 8c0d1b2e already");
    expect(stack.steps()).toHaveLength(1);
  });

  it.each([
    ["no revision is named", [live()], { revision: undefined }, 2, /REVISION is missing/],
    ["no migration has run", [emptyRelease()], {}, 2, /No migration has run on stack prod/],
    [
      "the revision is unknown",
      [migrated],
      { revision: "nonsense" },
      4,
      /do not say which revisions lie between/,
    ],
    ["traffic is open", [releaseAfter.validate(migrated)], {}, 4, /traffic/i],
  ] as const)(
    "is refused where %s, and changes nothing",
    async (_, [release], options, exitCode, message) => {
      use(release);
      const before = [text(), ...stack.parameters];
      const ended = await downgrade(options);
      expect([ended.exitCode, ended.stderr]).toEqual([exitCode, expect.stringMatching(message)]);
      expect([text(), ...stack.parameters]).toEqual(before);
      expect(stack.engine.ups).toEqual([]);
    },
  );

  it("leaves somebody else's kill switch on", async () => {
    const theirs = killSwitchOn(stack, slots, "wrong grades");
    stack.parameters.set(switchPath, theirs);
    expect((await downgrade()).exitCode).toBe(0);
    expect(stack.parameters.get(switchPath)).toBe(theirs);
  });

  it("changes nothing with DRY_RUN", async () => {
    const before = [text(), ...stack.parameters];
    expect((await downgrade({ dryRun: true })).stdout).toContain("Would apply the step downgrade");
    expect([text(), ...stack.parameters]).toEqual(before);
  });

  it("does not begin while workers run, and lets them work again", async () => {
    stack.cloud.workerPods = [{ name: "workers-blue-1", graceSeconds: 0 }];
    const before = text();
    const ended = await downgrade();
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(
      /Workers still run after 15 s, so the database was not downgraded: workers-blue-1/,
    );
    expect(ended.next).toBe("make downgrade REVISION=8c0d1b2e");
    expect([text(), stack.engine.ups.length, stack.parameters.has(switchPath)]).toEqual([before, 0, false]);
  });

  it("that would lose rows is refused with the loss to approve, and the database is as it was", async () => {
    const before = text();
    stack.engine.failing.push(() => {
      throw new UpdateFailed(["3 rows: set MIGRATION_APPROVE_LOSS=3f2a77aa:3"], "failed", undefined);
    });
    const ended = await downgrade();
    expect([ended.exitCode, ended.next]).toEqual([4, "make downgrade REVISION=8c0d1b2e LOSS=3f2a77aa:3"]);
    expect([text(), stack.parameters.has(switchPath)]).toEqual([before, false]);
  });

  it("that was killed after its update is checked by the next run, which then takes its kill switch off", async () => {
    database.drift.set("column public.guardians.phone", "text");
    expect((await downgrade()).exitCode, "the update is done, the schema is not as proved").toBe(4);
    expect(stack.published().migration?.revision).toBe("8c0d1b2e");
    database.drift.clear();
    // What a killed run leaves: it never got as far as taking its own switch off.
    stack.parameters.set(switchPath, killSwitchOn(stack, slots, "downgrade to 8c0d1b2e"));
    expect((await downgrade()).stdout).toContain("already");
    expect([stack.steps().length, stack.parameters.has(switchPath)]).toEqual([1, false]);
  });

  it("asks before it begins, and does nothing without a terminal to ask on", async () => {
    const ended = await downgrade({ yes: false });
    expect([ended.exitCode, ended.stderr]).toEqual([
      2,
      expect.stringMatching(/set YES=1.*Nothing was changed/),
    ]);
    expect(stack.engine.ups).toEqual([]);
  });
});
