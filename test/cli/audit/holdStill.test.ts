import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../../bench/drill/cluster";
import { holdStill } from "../../../cli/recovery/databaseState";
import { connect } from "../../../cli/ports/database";

/** An autovacuum of a large table takes minutes, and a drill must not fail for it. */
let cluster: Cluster;
const client = () => connect(cluster.live, "the live database");

beforeAll(async () => {
  cluster = await startCluster("still");
}, 60_000);
afterAll(() => cluster.end());

it("holds a table still on which an autovacuum works", { timeout: 60_000 }, async () => {
  const [live, reader] = await Promise.all([client(), client()]);
  try {
    await live.query(
      `CREATE TABLE pupils WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)
           AS SELECT n, md5(n::text) AS name FROM generate_series(1, 200000) n`,
    );
    await live.query("UPDATE pupils SET name = 'x' WHERE n % 2 = 0");
    await live.query("ALTER SYSTEM SET autovacuum_naptime = 1");
    await live.query("SELECT pg_reload_conf()");
    const vacuums = async () => (await reader.query("SELECT FROM pg_stat_progress_vacuum")).rows.length;
    for (let tries = 0; (await vacuums()) === 0; tries += 1) {
      expect(tries, "an autovacuum must begin").toBeLessThan(400);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const began = Date.now();
    const { tables } = await holdStill(live, reader, [], 0);
    expect(tables).toEqual(["public.pupils"]);
    expect(Date.now() - began).toBeLessThan(5000);
  } finally {
    await Promise.all([live.end(), reader.end()]);
  }
});
