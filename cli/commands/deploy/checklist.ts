import { describeChecks, readChecklist } from "../../deploy/checklist";
import { readPublished, type Context } from "../../shell/context";
import { readRecordOf } from "../../stack/releaseFacts";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";

/** Shows the checks before a deploy of a version; refused (4) when one is not ok. */
export async function run(ctx: Context): Promise<void> {
  const record = readRecordOf(ctx, ctx.options.version);
  const [history, published] = await Promise.all([ctx.engine.history(), readPublished(ctx)]);
  const checks = await readChecklist(ctx, record, {
    current: published.release ?? ctx.settings.release,
    history,
    published,
  });
  ctx.output.set("checklist", checks);
  ctx.output.print(describeChecks(checks));
  const failed = checks.filter((check) => !check.ok);
  if (failed.length > 0)
    throw new Failure(exitCodes.refused, `${failed.length} of ${checks.length} checks are not ok.`, {
      ...(failed[0]?.next ? { next: failed[0].next } : {}),
    });
  ctx.output.next(makeLine(ctx.stack, "deploy", { VERSION: record.version }));
}
