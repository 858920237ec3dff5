import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../../../bench/drill/cluster";
import { runDrill } from "../../../../cli/recovery/drill";
import { connect } from "../../../../cli/ports/database";
import { createArchive } from "../../../../cli/ports/recovery/archive";
import { type RecoverySource } from "../../../../cli/ports/recovery/source";
import { quietOutput } from "../../fakes";

/** Drills on a real PostgreSQL with a real archive of its log. */
const prefix = "school-prod";
let cluster: Cluster;
let source: RecoverySource;
let live: Client;

beforeAll(async () => {
  cluster = await startCluster("recovery");
  source = createArchive(cluster.recovery, prefix);
  live = await connect(cluster.live, "the live database");
  await live.query("CREATE TABLE pupils (id bigserial PRIMARY KEY, name text NOT NULL)");
  await live.query("CREATE TABLE alembic_version (version_num text PRIMARY KEY)");
  await live.query("INSERT INTO alembic_version VALUES ('8c0d1b2e')");
  await live.query("INSERT INTO pupils (name) SELECT md5(n::text) FROM generate_series(1, 2000) n");
  await live.query("CREATE UNLOGGED TABLE scratch (id int); INSERT INTO scratch VALUES (1)");
}, 60_000);
afterAll(async () => {
  await live.end();
  await cluster.end();
});
afterEach(async () => {
  expect(await source.copies(), "a drill leaves no copy").toEqual([]);
});

const drill = (more: { at?: string; source?: RecoverySource } = {}) =>
  runDrill({
    source,
    root: process.cwd(),
    live: cluster.live,
    prefix,
    tables: [],
    actor: "ada",
    output: quietOutput(),
    ...more,
  });
const failedChecks = (findings: { check: string; ok: boolean; detail: string }[]) =>
  findings.filter((finding) => !finding.ok);

describe("a drill on an archive", { timeout: 60_000 }, () => {
  it("fails, and says why, while nothing can be restored", async () => {
    const record = await drill();
    expect(record.ok).toBe(false);
    expect(failedChecks(record.findings)[0]?.detail).toMatch(/nothing can be restored/);
  });

  it("restores exactly what was committed at its instant, while others write", async () => {
    await source.takePoint(cluster.live);
    const writer = await connect(cluster.live, "the live database");
    let writing = true;
    const writes = (async () => {
      while (writing) await writer.query("INSERT INTO pupils (name) VALUES ($1)", [randomUUID()]);
    })();
    const records = [await drill(), await drill()];
    writing = false;
    await writes;
    await writer.end();
    for (const record of records) {
      expect(record.findings).toEqual(record.findings.map((finding) => ({ ...finding, ok: true })));
      expect(record.findings.map(({ check }) => check)).toEqual([
        "recovery",
        "markers",
        "revision",
        "schema",
        "tables",
      ]);
      expect(record).toMatchObject({ ok: true, source: "archive" });
      expect(record.rowsChecked).toBeGreaterThan(2000);
      expect(record.recoverySeconds).toBeGreaterThan(0);
    }
    expect(records[1]?.rowsChecked).toBeGreaterThan(records[0]?.rowsChecked ?? 0);
  });

  it("tells by the markers of earlier drills that a time in the past came back", async () => {
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const between = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await drill()).ok).toBe(true);
    const record = await drill({ at: between });
    expect(record.findings).toMatchObject([{ ok: true }, { check: "markers", ok: true }]);
    expect(record.ok).toBe(true);
  });

  it.each([
    ["after the newest log", () => "2099-01-01T00:00:00.000000Z", /lies after the newest log/],
    ["before the oldest backup", () => "2020-01-01T00:00:00.000000Z", /lies before the oldest backup/],
  ])("fails for a target %s, before anything is restored", async (_, at, reason) => {
    const record = await drill({ at: at() });
    expect(record.ok).toBe(false);
    expect(failedChecks(record.findings)[0]?.detail).toMatch(reason);
  });

  it("fails, naming the segment, when one is missing from the archive", async () => {
    await live.query("INSERT INTO pupils (name) VALUES ('lost')");
    await live.query("SELECT pg_switch_wal()");
    await live.query("INSERT INTO pupils (name) VALUES ('kept')");
    await source.reach(new Date().toISOString(), live);
    const segments = readdirSync(cluster.recovery.wal)
      .filter((name) => /^[0-9A-F]{24}$/.test(name))
      .sort();
    const lost = segments.at(-2) ?? "";
    renameSync(join(cluster.recovery.wal, lost), join(cluster.folder, lost));
    const record = await drill();
    expect(record.ok).toBe(false);
    expect(failedChecks(record.findings)[0]?.detail).toMatch(
      new RegExp(`recovery ended before.*segment ${lost} is missing`),
    );
    renameSync(join(cluster.folder, lost), join(cluster.recovery.wal, lost));
    expect((await drill()).ok).toBe(true);
  });

  it("sees a copy that is not what it had to be", async () => {
    const wrong: Pick<RecoverySource, "restore"> = {
      // A source that restores to a wrong time: what comes back is sound, and still not what was asked for.
      restore: async (order, signal) => {
        await live.query("INSERT INTO pupils (name) VALUES ('later')");
        await live.query("CREATE INDEX later ON pupils (name)");
        // The server's own clock: a millisecond that began before the commit would leave it out.
        const { rows } = await live.query<{ at: string }>(
          `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
        );
        const target = rows[0]?.at ?? "";
        await live.query("INSERT INTO pupils (name) VALUES ('later still')");
        await live.query("SELECT pg_switch_wal()");
        await source.reach(new Date().toISOString(), live);
        return source.restore({ ...order, target }, signal);
      },
    };
    const later = Object.assign(Object.create(source) as RecoverySource, wrong);
    const record = await drill({ source: later });
    expect(record.ok).toBe(false);
    expect(failedChecks(record.findings).map(({ check }) => check)).toEqual(["markers", "schema", "tables"]);
    expect(failedChecks(record.findings)[0]?.detail).toMatch(/1 of \d+ written after the target came back/);
  });

  it("removes a copy whose server runs and one that is half there", async () => {
    const target = (await source.restorable())?.newest ?? "";
    const id = `${prefix}-drill-20261124t200000000`;
    await live.query("INSERT INTO pupils (name) VALUES ('more')");
    await source.reach(new Date().toISOString(), live);
    await source.restore({ id, purpose: "drill", target }, undefined);
    expect(await source.copies()).toMatchObject([{ id, purpose: "drill", ready: false, target }]);
    await source.remove(id);
    mkdirSync(join(cluster.recovery.copies, id));
    expect(await source.copies()).toMatchObject([{ id, purpose: "drill", ready: false }]);
    await source.remove(id);
  });

  it("refuses to remove what is no copy of its stack", async () => {
    await expect(source.remove("school-staging-drill-20261124t200000000")).rejects.toThrow(/no copy of/);
    await expect(source.remove("../db")).rejects.toThrow(/no copy of/);
  });
});
