import type { Client } from "pg";
import { fingerprintOf } from "../../decisions/database/catalog";
import type { DatabaseState, Marker, TableState } from "../../decisions/recovery/drill";
import { readCatalog } from "../ports/postgres/schema";
import { wait } from "../shell/wait";

/** Reads what a drill compares from a database, and writes the drill's marker rows. */

/** Schema of the markers, apart from the application's schemas: a migration never sees it. */
const schema = "deployment_safety";
const markers = `${schema}.drill_marker`;

/**
 * Longest wait of one attempt to hold the tables still, while writers queue behind it: milliseconds beyond
 * `deadlock_timeout` (1 s by default), and in all. A wait as long as that timeout ends an autovacuum of the table.
 */
const lockBeyond = 500;
const lockAtMost = 3000;
const lockAttempts = 20;

/** Writes a marker row; it is committed when this returns. */
export async function writeMarker(live: Client, id: string): Promise<void> {
  await live.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  await live.query(`CREATE TABLE IF NOT EXISTS ${markers} (id text PRIMARY KEY, at timestamptz NOT NULL)`);
  await live.query(`INSERT INTO ${markers} (id, at) VALUES ($1, clock_timestamp())`, [id]);
}

/** All markers, the oldest first; none if no drill ever ran. */
export async function readMarkers(client: Client): Promise<Marker[]> {
  if (!(await hasTable(client, markers))) return [];
  const read = await client.query<{ id: string; at: Date }>(`SELECT id, at FROM ${markers} ORDER BY at`);
  return read.rows.map(({ id, at }) => ({ id, at: at.toISOString() }));
}

/** Tables of the application: ordinary or partitioned, and logged, because no backup has unlogged ones. */
export async function loggedTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
        AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
      ORDER BY 1`,
    [schema],
  );
  return rows.map(({ name }) => name);
}

/** An instant at which nobody was writing to the tables, and a connection that sees exactly what they held then. */
export interface Still {
  /** ISO time in UTC with microseconds. */
  instant: string;
  tables: string[];
}

/**
 * Holds the tables still for a moment, so that one instant separates the commits before it from those after it, and opens
 * a snapshot of that instant on `reader`. Transactions that write are waited for, by default at most 1.5 s a try; readers never wait.
 * @param wanted tables to hold; none: every logged one
 * @param precision how fine the source's targets are, milliseconds
 */
export async function holdStill(
  live: Client,
  reader: Client,
  wanted: readonly string[],
  precision: number,
  signal?: AbortSignal,
): Promise<Still> {
  const tables = wanted.length > 0 ? wanted.map(quoted) : await loggedTables(live);
  if (tables.length === 0) throw new Error("the database has no table that could be compared");
  const lockMilliseconds = await lockLimit(live);
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    await live.query("BEGIN");
    try {
      await live.query(`SET LOCAL lock_timeout = ${lockMilliseconds}`);
      await live.query(`LOCK TABLE ${tables.join(", ")} IN SHARE MODE`);
      if (precision > 0) await live.query(secondBoundary(precision));
      await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      // This query takes the snapshot while nobody writes; writers that wait commit after it.
      const { rows } = await reader.query<{ at: string }>(
        `SELECT to_char(${precision > 0 ? "date_trunc('second', clock_timestamp())" : "clock_timestamp()"} AT TIME ZONE 'UTC',
                        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
      );
      await live.query("COMMIT");
      return { instant: rows[0]?.at ?? "", tables };
    } catch (error) {
      await live.query("ROLLBACK").catch(() => undefined);
      await reader.query("ROLLBACK").catch(() => undefined);
      if ((error as { code?: string }).code !== "55P03") throw error;
      if (attempt >= lockAttempts)
        throw new Error(
          `${tables.length} tables could not be held still for a moment in ${lockAttempts} tries of ${lockMilliseconds} ms: a long transaction writes to them, or a VACUUM that nobody may end works on them. Run the drill at a quieter hour`,
          { cause: error },
        );
      await wait(500, signal);
    }
  }
}

async function lockLimit(live: Client): Promise<number> {
  const { rows } = await live.query<{ milliseconds: string }>(
    "SELECT setting AS milliseconds FROM pg_settings WHERE name = 'deadlock_timeout'",
  );
  return Math.min(Number(rows[0]?.milliseconds ?? 1000) + lockBeyond, lockAtMost);
}

/** Sleeps over the next whole second, for a source that takes no finer target; at most a second. */
const secondBoundary = (precision: number): string =>
  `SELECT pg_sleep(${precision / 1000} - extract(microseconds FROM clock_timestamp())::bigint % 1000000 / 1e6 + 0.001)`;

const quoted = (name: string): string =>
  name
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");

/** What a drill compares, as `client` sees it in its current transaction, if it is in one. Missing tables are left out. */
export async function readState(
  client: Client,
  root: string,
  tables: readonly string[],
): Promise<DatabaseState> {
  const states: TableState[] = [];
  for (const name of tables) if (await hasTable(client, name)) states.push(await readTable(client, name));
  return {
    revision: await readRevision(client),
    fingerprint: await readFingerprint(client, root),
    tables: states,
    markers: await readMarkers(client),
  };
}

async function hasTable(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>("SELECT to_regclass($1) IS NOT NULL AS found", [
    name,
  ]);
  return rows[0]?.found === true;
}

async function readTable(client: Client, name: string): Promise<TableState> {
  const { rows } = await client.query<{ rows: string; checksum: string }>(
    `SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS checksum FROM ${name} t`,
  );
  return { name, rows: Number(rows[0]?.rows), checksum: rows[0]?.checksum ?? "" };
}

/** Rows of a table, for people. */
export async function countRows(client: Client, name: string): Promise<number> {
  const { rows } = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${name}`);
  return Number(rows[0]?.rows);
}

async function readRevision(client: Client): Promise<string> {
  if (!(await hasTable(client, "alembic_version"))) return "";
  const heads = await client.query<{ version_num: string }>(
    "SELECT version_num FROM alembic_version ORDER BY 1",
  );
  return heads.rows.map(({ version_num }) => version_num).join(",");
}

/** Hash of the catalog, the incident log's and the backfills' schemas included. */
async function readFingerprint(client: Client, root: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', $1)",
    [schema],
  );
  const schemas = rows.map(({ name }) => name);
  return fingerprintOf(await readCatalog(client, root, schemas));
}
