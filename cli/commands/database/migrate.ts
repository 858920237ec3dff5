import { next } from "../../../decisions/release/nextRelease";
import { describeUpdates } from "../../rollback/executePlan";
import type { Context } from "../../shell/context";
import { readRecordOf } from "../../stack/releaseFacts";
import { operate } from "../../stack/operate";
import { makeLine } from "../../shell/options";
import { passMigration } from "../../database/revisionGate";
import { verifyIfChanged } from "../../database/verifySchema";
import { applyOne } from "../../release/applyStep";

/** Takes the database up to the revision that a version needs, in an update of its own, and sees that it is what was proved. */
export async function run(ctx: Context): Promise<void> {
  const record = readRecordOf(ctx, ctx.options.version);
  await operate(ctx, { version: record.version }, async (operation) => {
    const { current } = operation;
    await verifyIfChanged(operation);
    if (current.migration?.revision === record.revision) {
      ctx.report.print(`The database of stack ${ctx.stack} is at ${record.revision} already.`);
    } else {
      const { revision, image } = record;
      await passMigration(ctx, current, revision);
      await applyOne(operation, {
        step: "migrate",
        release: next.migrate(current, { revision, image }),
        reason: `${record.version} needs ${revision}`,
      });
      ctx.report.print(describeUpdates(operation));
    }
    ctx.report.next(makeLine(ctx.stack, "deploy", { VERSION: record.version }));
  });
}
