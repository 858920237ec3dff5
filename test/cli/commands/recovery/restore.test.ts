import { beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../../../cli/commands/recovery/restore";
import { parameters as paths } from "../../../../decisions/stack/names";
import { runCommand } from "../../memory/command";
import { MemoryRecovery } from "../../memory/recovery";
import { live, memoryStack, type MemoryStack } from "../../memory/stack";

/** Rows of each table by the host of its database; a host that is not there does not answer. */
interface Outside {
  source?: unknown;
  rows: Map<string, Record<string, number>>;
  open: number;
}
const outside = vi.hoisted((): Outside => ({ rows: new Map(), open: 0 }));
vi.mock("../../../../cli/ports/recovery/archive", () => ({ createArchive: () => outside.source }));
vi.mock("../../../../cli/ports/database", async (original) => ({
  ...(await original<object>()),
  connect: async ({ host }: { host: string }, what: string) => {
    if (!outside.rows.has(host)) throw new Error(`cannot connect to ${what} (${host}): ECONNREFUSED`);
    outside.open += 1;
    return host;
  },
  disconnect: async () => void (outside.open -= 1),
}));
vi.mock("../../../../cli/recovery/databaseState", () => ({
  loggedTables: async (host: string) => Object.keys(outside.rows.get(host) ?? {}),
  countRows: async (host: string, table: string) => outside.rows.get(host)?.[table],
}));

const archive = { source: "archive", wal: "/wal", baseBackups: "/base", copies: "/copies" };
const to = "2026-11-24T10:00:00Z";
const id = "school-prod-restore-20261124t000000000";
let stack: MemoryStack;
let source: MemoryRecovery;
beforeEach(() => {
  const database = {
    arn: "arn:aws:rds:eu-central-1:123456789012:db:school",
    secretName: "db",
    recovery: archive,
  };
  stack = memoryStack({ config: { database } }, live());
  stack.cloud.secrets.set("db/DATABASE_URL", "postgresql://school@db.example.com/school");
  outside.source = source = new MemoryRecovery("school-prod");
  outside.open = 0;
  outside.rows = new Map([
    ["db.example.com", { "public.grades": 90, "public.pupils": 2001 }],
    [`${id}.example.com`, { "public.grades": 90, "public.pupils": 2000, "public.old": 1 }],
  ]);
});
const restore = (options: object = {}) => runCommand(stack, "restore", run, options);

describe("make restore", () => {
  it("restores a copy beside the live database, shows where they differ, and how to look, switch and clean up", async () => {
    const ended = await restore({ to });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(ended.stdout.split("\n").map((line) => line.replaceAll(/ +/g, " "))).toEqual([
      `${id} holds the database as of 2026-11-24T10:00:00.000000Z. The live database was not touched.`,
      "table live restored",
      "public.grades 90 90",
      "public.old - 1 differs",
      "public.pupils 2001 2000 differs",
      `Look into it at ${id}.`,
      "",
    ]);
    expect(ended.next).toBe(`make restore REMOVE=${id} once it is no longer needed`);
    expect(source.held).toMatchObject([{ id, ready: true }]);
    expect([outside.open, stack.parameters.has(paths.recoveryLease("prod"))]).toEqual([0, false]);
  });

  it("shows the same copy again when it is run again", async () => {
    await restore({ to });
    const ended = await restore({ to: "2026-11-24T12:00:00+02:00" });
    expect([ended.exitCode, source.held.length]).toEqual([0, 1]);
    expect(ended.stderr).toContain(`${id} is there already`);
  });

  it("works without the live database, and says that it could not be compared", async () => {
    outside.rows.delete("db.example.com");
    const ended = await restore({ to });
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toMatch(/cannot connect to the live database.*ECONNREFUSED\.\n/);
    expect(ended.stdout).toMatch(/public\.pupils +- +2000 +differs/);
  });

  it("removes what it made when the restore fails, and says that the live database is unchanged", async () => {
    source.failing.restore = new Error("segment 0000 is missing");
    const ended = await restore({ to });
    expect([ended.exitCode, source.held]).toEqual([4, []]);
    expect(ended.stderr).toContain(
      "The restore to 2026-11-24T10:00:00.000000Z failed: segment 0000 is missing. The live database is unchanged.",
    );
    source.failing.remove = new Error("it does not go");
    expect((await restore({ to })).stderr).toContain(`${id} is left over: it does not go`);
  });

  it.each([
    ["without a time", {}, 2, /TO is missing: the time to restore to, with its zone/],
    ["without a zone", { to: "2026-11-24T10:00:00" }, 2, /TO is .*does not say its zone/],
    [
      "before the oldest backup",
      { to: "2026-11-01T10:00:00Z" },
      4,
      /lies before the oldest backup.*Nothing was restored/,
    ],
    [
      "after the newest log",
      { to: "2026-11-25T10:00:00Z" },
      4,
      /lies after the newest log.*Nothing was restored/,
    ],
  ])("is refused %s, and restores nothing", async (_, options, exitCode, message) => {
    const ended = await restore(options);
    expect([ended.exitCode, ended.stderr]).toEqual([exitCode, expect.stringMatching(message)]);
    expect(source.held).toEqual([]);
  });

  it("proposes a time of ten minutes ago where none is given", async () =>
    expect((await restore()).next).toBe("make restore TO=2026-11-23T23:50:00.000Z"));

  it("with DRY_RUN says what it would do, or why it would be refused", async () => {
    expect((await restore({ to, dryRun: true })).stdout).toMatch(
      /Would restore a copy from archive to .*There are no copies/,
    );
    expect((await restore({ to: "2026-11-25T10:00:00Z", dryRun: true })).stdout).toMatch(
      /^Would be refused: .*newest log/,
    );
    expect(source.held).toEqual([]);
  });
});

describe("make restore REMOVE=", () => {
  beforeEach(() => restore({ to }));

  it("removes that copy", async () => {
    expect((await restore({ remove: id, dryRun: true })).stdout).toBe(`Would remove ${id}.\n`);
    expect(source.held).toHaveLength(1);
    expect(await restore({ remove: id })).toMatchObject({ exitCode: 0, stdout: `${id} is removed.\n` });
    expect(source.held).toEqual([]);
  });

  it("refuses what is no copy, and names those that are", async () => {
    const ended = await restore({ remove: "school" });
    expect([ended.exitCode, ended.stderr]).toEqual([
      2,
      expect.stringContaining(`There is no copy \`school\`. Copies: ${id} (2026-11-24T10:00:00.000000Z).`),
    ]);
  });

  it("refuses a copy that was switched over to: it is the live database now", async () => {
    source.hosts.set(id, "db.example.com");
    const ended = await restore({ remove: id });
    expect([ended.exitCode, ended.stderr]).toEqual([
      4,
      expect.stringContaining("it is the live database now"),
    ]);
    expect(source.held).toHaveLength(1);
  });

  it("asks first", async () => {
    expect((await restore({ remove: id, yes: false })).exitCode).toBe(2);
    expect(source.held).toHaveLength(1);
  });
});
