import type { Client, ClientConfig } from "pg";
import { outsideRestorable } from "../../../decisions/recovery/window";
import { confirm } from "../../shell/ask";
import type { Context } from "../../shell/context";
import { countRows, loggedTables } from "../../recovery/databaseState";
import { exitCodes, Failure, messageOf } from "../../shell/failure";
import { makeLine } from "../../shell/options";
import { connect, disconnect } from "../../ports/database";
import { type Copy, copyId, type RecoverySource } from "../../ports/recovery/source";
import { openRecovery, type Recovery, withRecovery } from "../../recovery/recoveryPort";
import { readAt } from "./drill";

/**
 * Restores a copy of the database as of a time beside the live one, which it never touches, and shows how they differ and how
 * to switch over. The copy stays until REMOVE= names it. Run again with the same time, it shows the same copy.
 */
export async function run(ctx: Context): Promise<void> {
  if (ctx.options.remove !== undefined) return remove(ctx, ctx.options.remove);
  const target = readAt(ctx.options.to, "TO");
  if (target === undefined)
    throw new Failure(exitCodes.usage, "TO is missing: the time to restore to, with its zone.", {
      next: makeLine(ctx.stack, "restore", {
        TO: new Date(ctx.clock.now().getTime() - 600_000).toISOString(),
      }),
    });
  if (ctx.options.dryRun) return dryRun(ctx, target);
  await withRecovery(ctx, async (recovery) => {
    const id = await restored(ctx, recovery, target);
    await show(ctx, recovery, id, target);
  });
}

/** The id of a finished copy as of that time; restores one if there is none. */
async function restored(ctx: Context, { source, prefix, live }: Recovery, target: string): Promise<string> {
  const there = (await source.copies()).find((copy) => copy.purpose === "restore" && copy.target === target);
  if (there) {
    ctx.output.say(`${there.id} is there already`);
    return there.id;
  }
  const connection = await connect(live, "the live database").catch(() => undefined);
  try {
    // Without the live database only what is archived already can be restored.
    await source.reach(target, connection, ctx.signal);
  } finally {
    if (connection) await disconnect(connection);
  }
  const outside = outsideRestorable(target, await source.restorable(ctx.signal));
  if (outside) throw new Failure(exitCodes.refused, `${outside}. Nothing was restored.`);
  const id = copyId(prefix, "restore", ctx.clock.now());
  try {
    await ctx.output.step(
      "recovery",
      `restore ${id} to ${target}, at most ${source.limitMinutes} minutes`,
      async () => {
        await source.restore({ id, purpose: "restore", target }, ctx.signal);
        await source.markReady(id);
      },
    );
  } catch (error) {
    await source
      .remove(id)
      .catch((left: unknown) => ctx.output.warn(`${id} is left over: ${messageOf(left)}`));
    throw error instanceof Failure || ctx.signal.aborted
      ? error
      : new Failure(
          exitCodes.refused,
          `The restore to ${target} failed: ${messageOf(error)}. The live database is unchanged.`,
          { cause: error },
        );
  }
  return id;
}

/** Shows the rows of each table in both databases, and how to switch over. */
async function show(ctx: Context, { source, live }: Recovery, id: string, target: string): Promise<void> {
  const copy = await rowsOf(source, await source.connection(id, live), "the copy");
  if (copy instanceof Error) throw new Failure(exitCodes.unexpected, copy.message, { cause: copy });
  const now = await rowsOf(source, live, "the live database");
  const known = now instanceof Error ? new Map<string, number>() : now;
  const rows = [...new Set([...known.keys(), ...copy.keys()])]
    .sort()
    .map((table) => ({ table, live: known.get(table), restored: copy.get(table) }));
  ctx.output.set("copy", { id, target });
  ctx.output.set("rows", rows);
  const width = Math.max(5, ...rows.map(({ table }) => table.length));
  const line = (table: string, a: string, b: string, note = "") =>
    `${table.padEnd(width)}  ${a.padStart(12)}  ${b.padStart(12)}  ${note}`.trimEnd();
  const text = (count: number | undefined) => (count === undefined ? "-" : String(count));
  ctx.output.print(
    [
      `${id} holds the database as of ${target}. The live database was not touched.`,
      ...(now instanceof Error ? [`${messageOf(now)}.`] : []),
      line("table", "live", "restored", ""),
      ...rows.map((row) =>
        line(row.table, text(row.live), text(row.restored), row.live === row.restored ? "" : "differs"),
      ),
      ...(await source.instructions(id)),
    ].join("\n"),
  );
  ctx.output.next(`${makeLine(ctx.stack, "restore", { REMOVE: id })} once it is no longer needed`);
}

/** Rows by table; counting may take as long as the restore. */
async function rowsOf(
  { limitMinutes }: RecoverySource,
  config: ClientConfig,
  what: string,
): Promise<Map<string, number> | Error> {
  let client: Client | undefined;
  try {
    client = await connect({ ...config, query_timeout: limitMinutes * 60_000 }, what);
    const counts = new Map<string, number>();
    for (const table of await loggedTables(client)) counts.set(table, await countRows(client, table));
    return counts;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    if (client) await disconnect(client);
  }
}

async function remove(ctx: Context, id: string): Promise<void> {
  const { source, live } = await openRecovery(ctx);
  const copies = (await source.copies()).filter((copy) => copy.purpose === "restore");
  if (!copies.some((copy) => copy.id === id))
    throw new Failure(exitCodes.usage, `There is no copy \`${id}\`. ${listed(copies)}`);
  const { host } = await source.connection(id, live).catch(() => ({ host: undefined }));
  if (host !== undefined && host === live.host)
    throw new Failure(exitCodes.refused, `${id} is what DATABASE_URL names: it is the live database now.`);
  if (ctx.options.dryRun) return ctx.output.print(`Would remove ${id}.`);
  await confirm(`Remove the copy ${id}?`, ctx.options, ctx.signal);
  await withRecovery(ctx, async (recovery) => {
    await ctx.output.step("recovery", `remove ${id}`, () => recovery.source.remove(id));
  });
  ctx.output.print(`${id} is removed.`);
  ctx.output.next(makeLine(ctx.stack, "status"));
}

async function dryRun(ctx: Context, target: string): Promise<void> {
  const { source } = await openRecovery(ctx);
  const [range, copies] = await Promise.all([source.restorable(ctx.signal), source.copies()]);
  const outside = outsideRestorable(target, range);
  ctx.output.set("restorable", range);
  ctx.output.print(
    outside
      ? `Would be refused: ${outside}.`
      : `Would restore a copy from ${source.name} to ${target}, beside the live database. ${listed(copies)}`,
  );
}

const listed = (copies: readonly Copy[]): string =>
  copies.length > 0
    ? `Copies: ${copies.map(({ id, target }) => `${id} (${target})`).join(", ")}.`
    : "There are no copies.";
