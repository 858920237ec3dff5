import type { Context } from "../shell/context";
import type { Client } from "pg";
import { exitCodes, Failure } from "../shell/failure";
import { connect, readDatabaseUrl } from "../ports/database";

/** DATABASE_URL of this shell, else of the stack's Secret in Kubernetes; never an argument. Throws usage (2) if neither has it. */
export async function databaseUrl(ctx: Pick<Context, "settings" | "cluster">): Promise<string> {
  if (process.env.DATABASE_URL) return process.env.DATABASE_URL;
  const { secretName } = ctx.settings.database;
  const value = await ctx.cluster.secret(secretName, "DATABASE_URL");
  if (value === undefined)
    throw new Failure(
      exitCodes.usage,
      `The Secret \`${secretName}\` in namespace ${ctx.settings.cluster.namespace} has no DATABASE_URL, and this shell has none.`,
    );
  return value;
}

/** A connection to the stack's own database; the caller ends it with `disconnect`. */
export const connectToDatabase = async (ctx: Pick<Context, "settings" | "cluster">): Promise<Client> =>
  connect(readDatabaseUrl(await databaseUrl(ctx)), "the database");
