import { releaseAfter } from "../../../decisions/release/nextRelease";
import type { Context } from "../../shell/context";
import { readRecordOf } from "../../release/record";
import { operate } from "../../stack/operate";
import { describeUpdates } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { passMigration } from "../../database/revisionGate";
import { verifyIfChanged } from "../../database/verifySchema";
import { applyStep } from "../../release/applyStep";

/** Migrates the database to the revision that a version needs, in an update of its own, and verifies the schema. */
export async function run(ctx: Context): Promise<void> {
  const record = readRecordOf(ctx, ctx.options.version);
  await operate(ctx, { version: record.version }, async (operation) => {
    const { current } = operation;
    await verifyIfChanged(operation);
    if (current.migration?.revision === record.revision) {
      ctx.output.print(`The database of stack ${ctx.stack} is at ${record.revision} already.`);
    } else {
      const { revision, image } = record;
      await passMigration(ctx, current, revision);
      await applyStep(operation, {
        step: "migrate",
        release: releaseAfter.migrate(current, { revision, image }),
        reason: `${record.version} needs ${revision}`,
      });
      ctx.output.print(describeUpdates(operation));
    }
    ctx.output.next(makeLine(ctx.stack, "deploy", { VERSION: record.version }));
  });
}
