import { configDiff } from "../../../decisions/stack/configDiff";
import { missingHolds } from "../../../decisions/flags/heldFlags";
import { newestSucceeded } from "../../../decisions/stack/history";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";
import { describeDiff } from "../../rollback/planText";
import { writeStackFile } from "../../ports/stackFile";

/** Writes the release and the held flags of the newest succeeded update into the stack file; nothing else changes. */
export async function run(ctx: Context): Promise<void> {
  const newest = newestSucceeded(await ctx.engine.history());
  const release = newest?.release;
  if (!release)
    throw new Failure(
      exitCodes.usage,
      `Stack ${ctx.stack} has no succeeded update yet, so there is nothing to write.`,
      {
        next: makeLine(ctx.stack, "deploy", { VERSION: "<tag>" }),
      },
    );
  const inFile = ctx.settings.heldFlags;
  const missing = missingHolds(newest.settings?.heldFlags ?? {}, inFile);
  const heldFlags = { ...inFile, ...missing };
  const lines = configDiff({ release: ctx.settings.release, heldFlags: inFile }, { release, heldFlags });
  ctx.output.set("diff", lines);
  ctx.output.print(describeDiff(lines));
  if (ctx.options.dryRun || lines.length === 0) return;
  writeStackFile(ctx.file.path, { release, ...(Object.keys(missing).length > 0 && { heldFlags }) });
  ctx.output.next(`git add Pulumi.${ctx.stack}.yaml && git commit`);
}
