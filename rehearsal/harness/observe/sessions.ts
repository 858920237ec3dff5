import { Client } from "pg";
import type { Context, Stack } from "../context";
import { inDatabase } from "./jobs";

/** Sessions in a stack's database: of migrations and backfills, and one that a scenario leaves open. */

/** Statements that migrations and backfills are at. */
export const statementsOfOurs = (context: Context, stack: Stack): Promise<string[]> =>
  inDatabase(context, stack, async (client) => {
    const { rows } = await client.query<{ query: string }>(
      `SELECT query FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'deployment-safety-%'`,
    );
    return rows.map(({ query }) => query);
  });

/** Ends those in prod, as an administrator or a failover would. */
export const endSessions = (context: Context): Promise<void> =>
  inDatabase(context, "prod", async (client) => {
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'deployment-safety-%'`,
    );
  });

/** A transaction that reads a table and is then forgotten, as a report in somebody's terminal is; gives what ends it. */
export async function forgetTransaction(
  context: Context,
  stack: Stack,
  table: string,
): Promise<() => Promise<void>> {
  const client = new Client({
    connectionString: context.databaseUrl(stack),
    connectionTimeoutMillis: 5000,
    application_name: "report",
  });
  await client.connect();
  // It keeps its lock on the table, and its view of all others.
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query(`SELECT count(*) FROM ${table}`);
  context.note(`somebody's report has read ${table} and stays open`);
  return async () => {
    await client.end();
    context.note("the report is closed");
  };
}

/** Where the database is, by Alembic's own table. */
export const revisionOf = (context: Context, stack: Stack): Promise<string> =>
  inDatabase(context, stack, async (client) => {
    const { rows } = await client.query<{ version_num: string }>("SELECT version_num FROM alembic_version");
    return rows.map(({ version_num }) => version_num).join(",");
  });
