import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import type { Catalog, LiveSchema } from "../../../decisions/database/catalog";

/** The query for a catalog, below the project's root: the proofs were made with the same. */
const query = "migrations/catalog.sql";

/** Longest that the catalog may take to read, milliseconds. */
const limit = 15_000;

/** What a database says of its schema, all of one instant. `schemas`: where to look. */
export async function readSchema(
  client: Client,
  root: string,
  schemas: readonly string[],
): Promise<LiveSchema> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await client.query(`SET LOCAL statement_timeout = ${limit}`);
    const table = await client.query<{ name: string | null }>(
      "SELECT to_regclass('alembic_version') AS name",
    );
    const versions = table.rows[0]?.name
      ? await client.query<{ version: string }>(
          "SELECT version_num AS version FROM alembic_version ORDER BY 1",
        )
      : { rows: [] };
    const server = await client.query<{ major: number }>(
      "SELECT current_setting('server_version_num')::int / 10000 AS major",
    );
    return {
      revisions: versions.rows.map(({ version }) => version),
      catalog: await readCatalog(client, root, schemas),
      postgres: server.rows[0]?.major ?? 0,
    };
  } finally {
    await client.query("ROLLBACK").catch(() => undefined);
  }
}

/** Every object of the schemas with its definition. Leaves the session's search_path as it was. */
export async function readCatalog(
  client: Client,
  root: string,
  schemas: readonly string[],
): Promise<Catalog> {
  const before = await client.query<{ path: string }>("SELECT current_setting('search_path') AS path");
  const setPath = (path: string | undefined) =>
    client.query("SELECT set_config('search_path', $1, false)", [path ?? ""]);
  // Every name is then written with its schema, as it was for the proof.
  await setPath("");
  try {
    const { rows } = await client.query<{ object: string; definition: string }>(
      readFileSync(join(root, query), "utf8"),
      [schemas],
    );
    return new Map(rows.map(({ object, definition }) => [object, definition]));
  } finally {
    await setPath(before.rows[0]?.path).catch(() => undefined);
  }
}
