import { schemaIssues, type LiveSchema } from "../../decisions/database/catalog";
import { readMessage, type Note } from "../../decisions/stack/updateMessage";
import { changesSchema, schemaCheck } from "../../decisions/database/schemaCheck";
import type { Step } from "../../decisions/release/transitionFacts";
import { readProvedCatalog } from "../../repository/database/provedCatalog";
import type { Context } from "../shell/context";
import { connectToDatabase } from "./databaseUrl";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import type { Operation } from "../stack/operation";
import { makeLine } from "../shell/options";
import { disconnect } from "../ports/database";
import { readSchema } from "../ports/postgres/schema";

/**
 * Compares the live database with the one on which `revision` was proved: Alembic's version and every object of the
 * schema (C5). Throws refused (4) with each object that differs, what was proved and what was found.
 */
export async function verifySchema(ctx: Context, revision: string): Promise<void> {
  await ctx.output.step("verify-schema", `verify the schema at ${revision}`, async (entry) => {
    const { proved, schemas } = readProvedCatalog(ctx.root, ctx.settings, revision);
    const issues = schemaIssues(revision, proved, await readLiveSchema(ctx, schemas));
    entry.objects = proved.ok ? proved.catalog.size : 0;
    if (issues.length === 0) return;
    entry.differences = issues;
    throw new Failure(
      exitCodes.refused,
      [
        `The database of stack ${ctx.stack} differs from what was proved for ${revision}:`,
        ...issues.map((issue) => `  - ${issue}`),
        "Fix the differences, by hand or by a revision, then run the same command again: it checks once more.",
      ].join("\n"),
      { details: { differences: issues }, next: proved.ok ? makeLine(ctx.stack, "status") : proved.next },
    );
  });
}

async function readLiveSchema(ctx: Context, schemas: readonly string[]): Promise<LiveSchema> {
  try {
    const client = await connectToDatabase(ctx);
    try {
      return await readSchema(client, ctx.root, schemas);
    } finally {
      await disconnect(client);
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw new Failure(
      exitCodes.refused,
      `The schema could not be read, so it is unknown whether it is as proved: ${messageOf(error)}. If the Secret's address cannot be reached from here, set DATABASE_URL; then run the same command again.`,
      { cause: error },
    );
  }
}

/** {@link verifySchema} if the newest update changed the schema: a command that was killed after it has not checked yet. */
export async function verifyIfChanged({ ctx, current, history }: Operation): Promise<void> {
  if (current.migration && changesSchema(newestNote(history)?.step))
    await verifySchema(ctx, current.migration.revision);
}

/** {@link verifyIfChanged} before a rollback's updates. If the database need not move, differences are only a warning. */
export async function verifyBeforeRollback(
  { ctx, current, history }: Pick<Operation, "ctx" | "current" | "history">,
  steps: readonly { step: Step }[],
): Promise<void> {
  const check = schemaCheck(newestNote(history), steps, ctx.options.database);
  if (!current.migration || check === "skip") return;
  try {
    await verifySchema(ctx, current.migration.revision);
  } catch (error) {
    if (check === "stop" || ctx.signal.aborted || !(error instanceof Failure)) throw error;
    ctx.output.set("schemaDifferences", error.more.details?.differences ?? [error.message]);
    ctx.output.warn(
      `${error.message}\nThe rollback goes on: it leaves the database as it is, and smoke tests judge the release on it.`,
    );
  }
}

/** The note in the message of the newest update that succeeded. */
function newestNote(history: Operation["history"]): Note | undefined {
  const newest = history.find(({ kind, result }) => kind === "update" && result === "succeeded");
  return newest && readMessage(newest.message).note;
}
