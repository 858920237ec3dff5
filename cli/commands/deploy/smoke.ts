import { exitCodes, Failure } from "../../shell/failure";
import { readPublished, type Context } from "../../shell/context";
import { makeLine } from "../../shell/options";
import { smoke } from "../../traffic/smoke";

/** Sends the smoke tests to live traffic, or to one slot through its test rule. */
export async function run(ctx: Context): Promise<void> {
  const { slot } = ctx.options;
  const published = await readPublished(ctx);
  const release = published.release ?? ctx.settings.release;
  if (slot && !release.slots[slot])
    throw new Failure(exitCodes.usage, `Slot ${slot} is empty: there is nothing to test.`);
  const results = await smoke(ctx, release, slot);
  ctx.output.set("smoke", results);
  ctx.output.print(
    results
      .map(
        (result) =>
          `${result.ok ? "ok    " : "FAILED"}  ${result.name}${result.milliseconds === undefined ? "" : ` (${result.milliseconds} ms)`}${result.problem ? `: ${result.problem}` : ""}`,
      )
      .join("\n"),
  );
  const failed = results.filter((result) => !result.ok).length;
  if (failed > 0)
    throw new Failure(exitCodes.refused, `${failed} of ${results.length} smoke tests failed.`, {
      next: makeLine(ctx.stack, "status"),
    });
}
