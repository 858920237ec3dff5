import type { ClientConfig } from "pg";
import { parameters as paths } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { databaseUrl } from "../database/databaseUrl";
import { takeLease } from "../stack/lease";
import { regionOf } from "../ports/aws";
import { readDatabaseUrl } from "../ports/database";
import { createArchive } from "../ports/recovery/archive";
import { copyPrefix, type RecoverySource } from "../ports/recovery/source";

/** A stack's recovery: the source of copies, and the live database. */
export interface Recovery {
  source: RecoverySource;
  live: ClientConfig;
  prefix: string;
}

/** Opens the recovery that the stack's config sets. Asks neither AWS nor the database yet. */
export async function openRecovery(ctx: Context): Promise<Recovery> {
  const prefix = copyPrefix(ctx.settings.application.name, ctx.stack);
  return { source: await openSource(ctx, prefix), live: readDatabaseUrl(await databaseUrl(ctx)), prefix };
}

/** The source that config names. AWS's clients are loaded only if they are needed. */
async function openSource({ settings, stack, file }: Context, prefix: string): Promise<RecoverySource> {
  const { database, application, backups } = settings;
  if (database.recovery.source === "archive") return createArchive(database.recovery, prefix);
  const { createRds } = await import("../ports/recovery/rds.js");
  return createRds(database.recovery, {
    region: regionOf(file),
    prefix,
    databaseArn: database.arn,
    application: application.name,
    stack,
    retentionDays: backups.retentionDays,
  });
}

/**
 * Runs `action` with the stack's recovery lease, so that one drill or restore runs at a time. First removes what killed
 * commands left behind: while we have the lease, nobody else works on an unfinished copy.
 */
export async function withRecovery<T>(ctx: Context, action: (recovery: Recovery) => Promise<T>): Promise<T> {
  const recovery = await openRecovery(ctx);
  const lease = await takeLease({
    parameters: ctx.parameters,
    path: paths.recoveryLease(ctx.stack),
    stack: ctx.stack,
    operation: ctx.command,
    actor: ctx.options.actor,
    output: ctx.output,
    signal: ctx.signal,
    clock: ctx.clock,
    lost: (reason) => ctx.abort(reason),
  });
  try {
    await removeLeftovers(ctx, recovery.source);
    return await action(recovery);
  } finally {
    await lease.giveBack();
  }
}

/** Removes copies of drills, and of restores that were not finished. */
export async function removeLeftovers(ctx: Pick<Context, "output">, source: RecoverySource): Promise<void> {
  const left = (await source.copies()).filter(({ purpose, ready }) => purpose === "drill" || !ready);
  for (const { id } of left)
    await ctx.output.step("recovery", `remove ${id}, left over by a command that was killed`, () =>
      source.remove(id),
    );
  const removed = left.map(({ id }) => id);
  if (removed.length > 0) ctx.output.set("removedLeftovers", removed);
}
