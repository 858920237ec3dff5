import type { Context } from "../shell/context";
import { connectToDatabase } from "./databaseUrl";
import { messageOf } from "../shell/failure";
import { disconnect } from "../ports/database";
import { makeLine } from "../shell/options";
import { within } from "../shell/wait";

/** Seconds that this may take: the lease is held meanwhile. */
const patience = 5;

/**
 * Explains a rollback that does not end because the database is unreachable: no release gets ready without it, and an update
 * only says that pods do not. Empty if the database answers; never throws.
 */
export async function databaseUnreachable(
  ctx: Pick<Context, "settings" | "cluster" | "stack">,
): Promise<string> {
  const signal = AbortSignal.timeout(patience * 1000);
  try {
    await disconnect(await within(connectToDatabase(ctx), signal));
    return "";
  } catch (error) {
    if (signal.aborted) return `\nCould not check within ${patience} s whether the database answers.`;
    return `\nThe database does not answer, and no release gets ready without it (${messageOf(error)}). \`${makeLine(ctx.stack, "pause")}\` shows users a maintenance page meanwhile; the rollback continues once the database is back.`;
  }
}
