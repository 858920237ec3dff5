import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../../../cli/commands/database/migrate";
import { UpdateFailed } from "../../../../cli/ports/engine";
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
beforeEach(() => {
  stack = memoryStack({ config: { evidence: { requireSigned: false } } }, live());
  writeRecord(stack, 2, "3f2a77aa");
  useDatabaseOf(stack);
});
const migrate = (options: object = {}) => runCommand(stack, "migrate", run, { version: "1.2.0", ...options });
const text = () => readFileSync(stack.file, "utf8");

describe("make migrate", () => {
  it("migrates in an update of its own, compares the schema with its proof, and names the deploy as next", async () => {
    review(stack, "3f2a77aa");
    const ended = await migrate();
    expect(ended).toMatchObject({ exitCode: 0, next: "make deploy VERSION=1.2.0" });
    expect(stack.steps()).toEqual(["migrate migrate"]);
    expect(stack.published().migration).toMatchObject({ revision: "3f2a77aa" });
    expect(ended.stdout).toContain("migrate, serial");
    expect(ended.stderr).toContain("verify the schema at 3f2a77aa");
    expect(stack.published().slots, "what serves is as it was").toEqual(live().slots);
  });

  it("does nothing where the database is there already", async () => {
    writeRecord(stack, 2, "8c0d1b2e");
    expect(await migrate()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("is at 8c0d1b2e already") as string,
    });
    expect(stack.steps()).toEqual([]);
  });

  it("refuses a revision that nobody has reviewed, with what to do, and changes nothing", async () => {
    const before = text();
    const ended = await migrate();
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(
      /The migration is refused; nothing was changed:\n {2}revisions-reviewed: 3f2a77aa is not reviewed: there is no evidence\/review\/3f2a77aa\.json/,
    );
    expect(ended.next).toMatch(/make review|review/);
    expect([text(), stack.engine.ups.length]).toEqual([before, 0]);
  });

  it("changes nothing with DRY_RUN", async () => {
    review(stack, "3f2a77aa");
    const before = [text(), ...stack.parameters];
    expect((await migrate({ dryRun: true })).stdout).toContain("Would apply the step migrate");
    expect([text(), ...stack.parameters]).toEqual(before);
  });

  it("that fails puts the file back and ends as rolled back (5)", async () => {
    review(stack, "3f2a77aa");
    const before = text();
    stack.engine.failing.push(() => {
      throw new UpdateFailed(["the Job migrate-3 failed"], "failed", undefined);
    });
    const ended = await migrate();
    expect([ended.exitCode, text()]).toEqual([5, before]);
    expect(ended.stderr).toMatch(
      /The step migrate failed; the file holds the release before it: .*migrate-3 failed/,
    );
    expect((await migrate()).exitCode, "a second try heals and migrates").toBe(0);
    expect(stack.published().migration?.revision).toBe("3f2a77aa");
  });

  it("names each object by which the migrated schema differs, and checks again when it is run again", async () => {
    review(stack, "3f2a77aa");
    database.drift.set("column public.guardians.given_name", undefined);
    const ended = await migrate();
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(
      /differs from what was proved for 3f2a77aa:\n {2}- column public\.guardians\.given_name/,
    );
    expect((await migrate()).exitCode, "the difference is still there").toBe(4);
    database.drift.clear();
    expect(await migrate()).toMatchObject({ exitCode: 0, next: "make deploy VERSION=1.2.0" });
    expect(stack.steps()).toEqual(["migrate migrate"]);
  });

  it("does not take a database that does not answer for one that is as proved", async () => {
    review(stack, "3f2a77aa");
    database.away = new Error("connect ECONNREFUSED");
    const ended = await migrate();
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(
      /schema could not be read, so it is unknown whether it is as proved: connect ECONNREFUSED.*set DATABASE_URL/,
    );
    expect(database.connections).toBe(0);
  });
});
