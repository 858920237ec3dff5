import { beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../../../cli/commands/recovery/drill";
import { ensureRecoveryPoint } from "../../../../cli/recovery/recoveryPoint";
import type { DrillRecord } from "../../../../decisions/recovery/drill";
import { parameters as paths } from "../../../../decisions/stack/names";
import { runCommand } from "../../memory/command";
import { MemoryRecovery } from "../../memory/recovery";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

/** What a drill finds is tested on a real PostgreSQL (ports/recovery/archive.test.ts); here is what the command does with it. */
const outside = vi.hoisted((): { source?: unknown; drill: () => Promise<unknown> } => ({
  drill: async () => undefined,
}));
vi.mock("../../../../cli/ports/recovery/archive", () => ({ createArchive: () => outside.source }));
vi.mock("../../../../cli/recovery/drill", () => ({
  runDrill: () => outside.drill(),
}));

let stack: MemoryStack;
let source: MemoryRecovery;
const passed: DrillRecord = {
  ok: true,
  at: "2026-11-24T12:00:00.000Z",
  target: "2026-11-24T11:59:00.000000Z",
  source: "archive",
  actor: "ada",
  recoverySeconds: 12.5,
  recoveryPointSeconds: 40,
  rowsChecked: 2000,
  findings: [{ check: "markers", ok: true, detail: "all came back" }],
};
const failed: DrillRecord = {
  ...passed,
  ok: false,
  findings: [{ check: "tables", ok: false, detail: "pupils has 3 rows too few" }],
};

const archive = { source: "archive", wal: "/wal", baseBackups: "/base", copies: "/copies" };
beforeEach(() => {
  const database = {
    arn: "arn:aws:rds:eu-central-1:123456789012:db:school",
    secretName: "db",
    recovery: archive,
  };
  stack = memoryStack({ config: { database } }, live());
  stack.cloud.secrets.set("db/DATABASE_URL", "postgresql://school@db.example.com/school");
  outside.source = source = new MemoryRecovery("school-prod");
  outside.drill = async () => passed;
});
const drill = (options: object = {}) => runCommand(stack, "drill", run, options);
const evidence = (which: string) => stack.parameters.get(paths.evidence("prod", "drill", which));

describe("make drill", () => {
  it("that passes is on record as the last and as the last that passed, and is shown with its figures", async () => {
    const ended = await drill();
    expect(ended).toMatchObject({ exitCode: 0, next: "make status" });
    expect(ended.stdout).toMatch(
      /ok +markers +all came back\ntarget .*, recovery 12\.5 s, recovery point 40 s behind, rows compared 2000/,
    );
    expect([evidence("last"), evidence("passed")]).toEqual([JSON.stringify(passed), JSON.stringify(passed)]);
    expect(stack.parameters.has(paths.recoveryLease("prod")), "the lease is given back").toBe(false);
  });

  it("that fails is refused (4), and leaves the last that passed on record", async () => {
    await drill();
    outside.drill = async () => failed;
    const ended = await drill();
    expect(ended).toMatchObject({ exitCode: 4, next: "make drill" });
    expect(ended.stdout).toMatch(/NOT OK +tables +pupils has 3 rows too few/);
    expect([evidence("last"), evidence("passed")]).toEqual([JSON.stringify(failed), JSON.stringify(passed)]);
  });

  it("first removes what killed commands left, and never a finished copy of a restore", async () => {
    const copy = (id: string, purpose: "drill" | "restore", ready: boolean) => ({
      id,
      purpose,
      ready,
      target: "",
    });
    const [dead, half, kept] = [
      "drill-20261123t000000000",
      "restore-20261123t000000000",
      "restore-20261122t000000000",
    ].map((name) => `school-prod-${name}`) as [string, string, string];
    source.held = [copy(dead, "drill", true), copy(half, "restore", false), copy(kept, "restore", true)];
    expect((await drill({ dryRun: true })).stdout).toMatch(
      new RegExp(
        `Would remove ${dead}, a leftover.\nWould remove ${half}, a leftover.\nWould leave ${kept}.`,
      ),
    );
    expect(source.held).toHaveLength(3);
    const ended = await drill();
    expect(source.held.map(({ id }) => id)).toEqual([kept]);
    expect(ended.fields.removedLeftovers).toEqual([dead, half]);
  });

  it("runs one at a time: a second one says who is at it", async () => {
    const during: Awaited<ReturnType<typeof drill>>[] = [];
    outside.drill = async () => {
      outside.drill = async () => passed;
      during.push(await drill());
      return passed;
    };
    expect((await drill()).exitCode).toBe(0);
    expect(during[0]).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/holds stack prod: .*drill/) as string,
    });
  });

  it("gives the lease back and writes no evidence when it is interrupted", async () => {
    outside.drill = () => Promise.reject(new Error("interrupted"));
    expect((await drill()).exitCode).not.toBe(0);
    expect([evidence("last"), stack.parameters.has(paths.recoveryLease("prod"))]).toEqual([undefined, false]);
  });

  it.each([["yesterday"], ["2026-11-24T12:00:00"]])(
    "takes no time that is not one with its zone: %s",
    async (at) => {
      const ended = await drill({ at });
      expect([ended.exitCode, ended.stderr]).toEqual([2, expect.stringMatching(/AT is .*allowed is/)]);
    },
  );

  it("with DRY_RUN says what can be restored, or that nothing can", async () => {
    expect((await drill({ dryRun: true })).stdout).toContain(
      "Can be restored: 2026-11-20T00:00:00Z to 2026-11-24T12:00:00Z.",
    );
    source.window = undefined;
    expect((await drill({ dryRun: true })).stdout).toContain("Nothing can be restored.");
  });
});

describe("a recovery point before what cannot be undone", () => {
  const published = () =>
    JSON.parse(stack.parameters.get(paths.evidence("prod", "recovery-point", "last")) ?? "null") as unknown;
  /** The stack's clock stands at midnight of this day. */
  const day = "2026-11-24T00:00:00.000Z";

  it("is not taken again while the newest is young enough, and its time is published", async () => {
    source.points = ["2026-11-23T23:30:00.000Z"];
    expect(await ensureRecoveryPoint(stack.context(), 60)).toBe("2026-11-23T23:30:00.000Z");
    expect([source.points.length, published()]).toEqual([1, { at: "2026-11-23T23:30:00.000Z" }]);
  });

  it("is taken where the newest is too old, where there is none, and where nobody can tell", async () => {
    source.points = ["2026-11-23T22:30:00.000Z"];
    expect(await ensureRecoveryPoint(stack.context(), 60)).toBe(day);
    source.points = [];
    expect(await ensureRecoveryPoint(stack.context(), 60)).toBe(day);
    source.failing.newestPoint = new Error("AccessDenied");
    expect(await ensureRecoveryPoint(stack.context(), 60)).toBe(day);
    expect(stack.said.join("\n")).toContain("the recovery points could not be read: AccessDenied");
  });

  it("that cannot be taken refuses the change with the reason, and publishes nothing", async () => {
    source.failing.takePoint = new Error("no space");
    await expect(ensureRecoveryPoint(stack.context(), 60)).rejects.toMatchObject({
      exitCode: 4,
      message: "A recovery point could not be taken: no space.",
      more: { next: "make drill" },
    });
    expect(published()).toBeNull();
  });
});
