import type { Client } from "pg";
import type { Context } from "../shell/context";
import { connectToDatabase } from "./databaseUrl";
import { messageOf } from "../shell/failure";
import { endSessions, migrationSession } from "../ports/postgres/sessions";

/** Seconds that the pods of an ended migration, and then its session, may take to go. */
const migrationPatience = 15;

/** A migration that runs on would change the schema under the release that comes back. */
export async function abortMigrations(ctx: Context): Promise<void> {
  try {
    for (const name of await ctx.cluster.endMigrations(migrationPatience, ctx.signal))
      ctx.output.warn(`ended the migration Job ${name}`);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.output.warn(`running migration Jobs could not be looked for: ${messageOf(error)}`);
  }
  await endMigrationSessions(ctx);
}

/** A session outlives its pod while it waits or works in the server; what it would still do must not happen. */
async function endMigrationSessions(ctx: Context): Promise<void> {
  let client: Client;
  try {
    client = await connectToDatabase(ctx);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.output.warn(`whether a migration still has a session could not be seen: ${messageOf(error)}`);
    return;
  }
  try {
    const ended = await endSessions(client, migrationSession, migrationPatience, ctx.signal);
    if (ended.length > 0) ctx.output.warn(`ended the migration's database session ${ended.join(", ")}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
