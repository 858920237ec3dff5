import { parameters as paths } from "../../../decisions/stack/names";
import type { DrillRecord } from "../../../decisions/recovery/drill";
import { readInstant } from "../../../decisions/recovery/window";
import type { Context } from "../../shell/context";
import { runDrill } from "../../recovery/drill";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";
import { openRecovery, withRecovery } from "../../recovery/recoveryPort";

/**
 * Proves that the database can be restored to a point in time: restores a copy beside it, compares and measures, removes the
 * copy, writes the evidence. Throws refused (4) if the drill fails.
 */
export async function run(ctx: Context): Promise<void> {
  const at = readAt(ctx.options.at, "AT");
  if (ctx.options.dryRun) return dryRun(ctx, at);
  const record = await withRecovery(ctx, async ({ source, live, prefix }) => {
    const drilled = await runDrill({
      source,
      root: ctx.root,
      live,
      prefix,
      tables: ctx.settings.database.recovery.tables,
      at,
      actor: ctx.options.actor,
      output: ctx.output,
      signal: ctx.signal,
    });
    await ctx.output.step("recovery", "write the evidence", () => writeEvidence(ctx, drilled));
    return drilled;
  });
  ctx.output.set("drill", record);
  ctx.output.print(describeDrill(record));
  if (!record.ok)
    throw new Failure(
      exitCodes.refused,
      "The drill failed: the restored copy is not what it should be; see above.",
      { next: makeLine(ctx.stack, "drill") },
    );
  ctx.output.next(makeLine(ctx.stack, "status"));
}

/** A time from the command line, in UTC. Throws usage (2) if it is not one. */
export function readAt(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  const read = readInstant(text);
  if (!read.ok) throw new Failure(exitCodes.usage, `${name} ${read.issue}.`);
  return read.instant;
}

/** A failed drill replaces only the newest: the last one that passed stays on record. */
async function writeEvidence({ parameters, stack }: Context, record: DrillRecord): Promise<void> {
  const value = JSON.stringify(record);
  await parameters.put(paths.evidence(stack, "drill", "last"), value);
  if (record.ok) await parameters.put(paths.evidence(stack, "drill", "passed"), value);
}

async function dryRun(ctx: Context, at: string | undefined): Promise<void> {
  const { source } = await openRecovery(ctx);
  const [range, left] = await Promise.all([source.restorable(ctx.signal), source.copies()]);
  ctx.output.set("restorable", range);
  ctx.output.print(
    [
      range ? `Can be restored: ${range.oldest} to ${range.newest}.` : "Nothing can be restored.",
      `Would write two marker rows, hold the tables still for a moment, restore a copy from ${source.name} to ${at ?? "that moment"}, compare it and remove it.`,
      ...left.map(({ id, purpose, ready }) =>
        purpose === "drill" || !ready ? `Would remove ${id}, a leftover.` : `Would leave ${id}.`,
      ),
    ].join("\n"),
  );
}

const describeDrill = (record: DrillRecord): string =>
  [
    ...record.findings.map(
      ({ ok, check, detail }) => `${ok ? "ok    " : "NOT OK"}  ${check.padEnd(10)} ${detail}`,
    ),
    `target ${record.target || "none"}, recovery ${record.recoverySeconds ?? "-"} s, recovery point ${record.recoveryPointSeconds ?? "-"} s behind, rows compared ${record.rowsChecked ?? 0}`,
  ].join("\n");
