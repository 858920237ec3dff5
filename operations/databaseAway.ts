import type { Context } from "./context";
import { connectToDatabase } from "./databaseUrl";
import { messageOf } from "./failure";
import { makeLine } from "./options";

/**
 * What a person must know whose way back does not end because the database is away: no release gets ready without it, and
 * all that an update says is that pods do not. Empty where the database answers; never throws.
 */
export async function databaseAway(ctx: Pick<Context, "settings" | "cluster" | "stack">): Promise<string> {
  try {
    const client = await connectToDatabase(ctx);
    await client.end();
    return "";
  } catch (error) {
    return `\nThe database does not answer, and no release gets ready without it (${messageOf(error)}). \`${makeLine(ctx.stack, "pause")}\` tells people so meanwhile; this goes on once it is back.`;
  }
}
