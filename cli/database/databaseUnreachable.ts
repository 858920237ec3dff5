import type { Context } from "../shell/context";
import { connectToDatabase } from "./databaseUrl";
import { messageOf } from "../shell/failure";
import { makeLine } from "../shell/options";
import { within } from "../shell/wait";

/** Seconds that this may take: the lease is held meanwhile. */
const patience = 5;

/**
 * What a person must know whose way back does not end because the database is away: no release gets ready without it, and
 * all that an update says is that pods do not. Empty where the database answers; never throws.
 */
export async function databaseUnreachable(
  ctx: Pick<Context, "settings" | "cluster" | "stack">,
): Promise<string> {
  const signal = AbortSignal.timeout(patience * 1000);
  try {
    const client = await within(connectToDatabase(ctx), signal);
    await within(client.end(), signal);
    return "";
  } catch (error) {
    if (signal.aborted) return `\nWhether the database answers could not be seen within ${patience} s.`;
    return `\nThe database does not answer, and no release gets ready without it (${messageOf(error)}). \`${makeLine(ctx.stack, "pause")}\` tells people so meanwhile; this goes on once it is back.`;
  }
}
