import { diff } from "../../decisions/diff";
import { newestSucceeded } from "../../decisions/history";
import type { Context } from "../context";
import { exitCodes, Failure } from "../failure";
import { makeLine } from "../options";
import { describeDiff } from "../planText";
import { writeStackFile } from "../ports/stackFile";

/** Writes the release of the newest succeeded update into the stack file; nothing else of the file changes. */
export async function run(ctx: Context): Promise<void> {
  const release = newestSucceeded(await ctx.engine.history())?.release;
  if (!release)
    throw new Failure(
      exitCodes.usage,
      `Stack ${ctx.stack} has no succeeded update yet, so there is nothing to write.`,
      {
        next: makeLine(ctx.stack, "deploy", { VERSION: "<tag>" }),
      },
    );
  const lines = diff({ release: ctx.settings.release }, { release });
  ctx.report.set("diff", lines);
  ctx.report.print(describeDiff(lines));
  if (ctx.options.dryRun || lines.length === 0) return;
  writeStackFile(ctx.file.path, { release });
  ctx.report.next(`git add Pulumi.${ctx.stack}.yaml && git commit`);
}
