import { schemaFaults } from "../decisions/catalog";
import { readMessage } from "../decisions/message";
import { readProvedCatalog } from "../records/provedCatalog";
import type { Context } from "./context";
import { connectToDatabase } from "./databaseUrl";
import { exitCodes, Failure, messageOf } from "./failure";
import type { Operation } from "./operation";
import { makeLine } from "./options";
import { readSchema } from "./ports/schema";

/** Steps after which the database must be what the proof of its revision says. */
export const changesSchema = (step: string | undefined): boolean =>
  step === "migrate" || step === "downgrade";

/**
 * Compares the live database with the one on which `revision` was proved: Alembic's version and every object of the
 * schema (C5). Throws refused (4) with each object that differs, what was proved and what was found.
 */
export async function verifySchema(ctx: Context, revision: string): Promise<void> {
  await ctx.report.step(`verify the schema at ${revision}`, async (entry) => {
    const { proved, schemas } = readProvedCatalog(ctx.root, ctx.settings, revision);
    const faults = schemaFaults(revision, proved, await look(ctx, schemas));
    entry.objects = proved.ok ? proved.catalog.size : 0;
    if (faults.length === 0) return;
    entry.differences = faults;
    throw new Failure(
      exitCodes.refused,
      [
        `The database of stack ${ctx.stack} is not what was proved for ${revision}:`,
        ...faults.map((fault) => `  - ${fault}`),
        "Correct what differs, by hand or by a revision, then run the same command again: it looks once more.",
      ].join("\n"),
      { details: { differences: faults }, next: proved.ok ? makeLine(ctx.stack, "status") : proved.next },
    );
  });
}

async function look(
  ctx: Context,
  schemas: readonly string[],
): Promise<Awaited<ReturnType<typeof readSchema>>> {
  try {
    const client = await connectToDatabase(ctx);
    try {
      return await readSchema(client, ctx.root, schemas);
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw new Failure(
      exitCodes.refused,
      `The schema could not be read, so nobody knows whether it is as it was proved: ${messageOf(error)}. Give DATABASE_URL where the Secret's address is not reached from here, then run the same command again.`,
      { cause: error },
    );
  }
}

/** {@link verifySchema} where the newest update changed the schema: a command that was killed after it has not looked yet. */
export async function verifyIfChanged({ ctx, current, history }: Operation): Promise<void> {
  const newest = history.find(({ kind, result }) => kind === "update" && result === "succeeded");
  const step = newest && readMessage(newest.message).note?.step;
  if (current.migration && changesSchema(step)) await verifySchema(ctx, current.migration.revision);
}
