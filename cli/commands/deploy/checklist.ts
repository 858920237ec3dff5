import { describeChecks, readChecklist } from "../../deploy/checklist";
import type { Context } from "../../shell/context";
import { readRecordOf } from "../../release/record";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";
import { readStanding } from "../../stack/standing";

/** Shows the checks before a deploy of a version; refused (4) when one is not ok. */
export async function run(ctx: Context): Promise<void> {
  const record = readRecordOf(ctx, ctx.options.version);
  const checks = await readChecklist(ctx, record, await readStanding(ctx));
  ctx.output.set("checklist", checks);
  ctx.output.print(describeChecks(checks));
  const failed = checks.filter((check) => !check.ok);
  if (failed.length > 0)
    throw new Failure(exitCodes.refused, `${failed.length} of ${checks.length} checks are not ok.`, {
      next: failed[0]?.next,
    });
  ctx.output.next(makeLine(ctx.stack, "deploy", { VERSION: record.version }));
}
