import { knownGood } from "../../../decisions/stack/history";
import { showRollback } from "../../rollback/planRollback";
import { rollBack } from "../../rollback/rollBack";
import { readPublished, type Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";

/** Takes the whole release back to VERSION or UPDATE; see {@link rollBack}. */
export async function run(ctx: Context): Promise<void> {
  const { version, update, reason, dryRun } = ctx.options;
  if (version === undefined && update === undefined) throw await missingTarget(ctx);
  const target = { version, update };
  if (dryRun) await showRollback(ctx, target);
  else await rollBack(ctx, { intent: "incident", target, reason });
}

/** VERSION= is missing: says what there is to go back to, as far as that can be read. */
async function missingTarget(ctx: Context): Promise<Failure> {
  const found = await Promise.all([ctx.engine.history(), readPublished(ctx)]).catch(() => undefined);
  const targets = found ? knownGood(found[0], new Set(found[1].refused.keys())).targets : [];
  const known = targets.map((target) => `${target.version} (${target.name})`).join(", ");
  return new Failure(
    exitCodes.usage,
    `VERSION (or UPDATE) is missing. Known-good targets: ${found ? known || "none yet" : "could not be read"}. Nothing was changed.`,
    { next: makeLine(ctx.stack, "rollback", { VERSION: (targets[1] ?? targets[0])?.version ?? "<tag>" }) },
  );
}
