import type { Client } from "pg";
import { wait } from "../../shell/wait";

/** Name of a migration's session in pg_stat_activity; migrations/connection.py sets it. */
export const migrationSession = "deployment-safety-migration";

/**
 * Ends every session of this database that goes by `name`, and waits until none is left, at most `seconds`. The role of the
 * session that ends may end it: a migration and this command use the same. Returns the pids that were ended.
 * @throws where one is still there after that
 */
export async function endSessions(
  client: Client,
  name: string,
  seconds: number,
  signal?: AbortSignal,
): Promise<number[]> {
  const ended = new Set<number>();
  for (const until = Date.now() + seconds * 1000; ;) {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()`,
      [name],
    );
    if (rows.length === 0) return [...ended];
    for (const { pid } of rows) ended.add(pid);
    if (Date.now() > until)
      throw new Error(
        `session ${rows.map(({ pid }) => pid).join(", ")} of a migration is still there ${seconds} s after it was told to end`,
      );
    await wait(100, signal);
  }
}
