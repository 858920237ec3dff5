import type { Client } from "pg";
import type { Context } from "../shell/context";
import { connectToDatabase } from "./databaseUrl";
import { messageOf } from "../shell/failure";
import { disconnect } from "../ports/database";
import { endSessions, migrationSession } from "../ports/postgres/sessions";

/** Seconds that the pods of an ended migration, and then its database session, may take to end. */
const migrationPatience = 15;

/**
 * Ends running migrations: one would change the schema under the release that comes back. What cannot be checked is only a
 * warning. Throws if a migration's session goes on after it was told to end.
 */
export async function abortMigrations(ctx: Context): Promise<void> {
  try {
    for (const name of await ctx.cluster.endMigrations(migrationPatience, ctx.signal))
      ctx.output.warn(`ended the migration Job ${name}`);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.output.warn(`could not check for running migration Jobs: ${messageOf(error)}`);
  }
  await endMigrationSessions(ctx);
}

/** Ends the migrations' sessions: one outlives its pod while it waits or works in the server. */
async function endMigrationSessions(ctx: Context): Promise<void> {
  let client: Client;
  try {
    client = await connectToDatabase(ctx);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.output.warn(`could not check whether a migration still has a database session: ${messageOf(error)}`);
    return;
  }
  try {
    const ended = await endSessions(client, migrationSession, migrationPatience, ctx.signal);
    if (ended.length > 0) ctx.output.warn(`ended the migration's database session ${ended.join(", ")}`);
  } finally {
    await disconnect(client);
  }
}
