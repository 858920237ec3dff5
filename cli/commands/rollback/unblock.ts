import { hex } from "../../../decisions/release/digest";
import { parameters as paths } from "../../../decisions/stack/names";
import { describeRefusal } from "../../../decisions/stack/parameters";
import { confirm } from "../../shell/ask";
import { readPublished, type Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";

/** Removes a digest from the list of refused digests. Needs REASON and ACTOR; asks. */
export async function run(ctx: Context): Promise<void> {
  const { digest, reason, actor, actorNamed } = ctx.options;
  const { refused } = await readPublished(ctx);
  const list = [...refused.keys()].join(", ") || "none";
  const missing = [
    ...(digest === undefined ? ["DIGEST=<sha256:…>"] : []),
    ...(reason === undefined ? ["REASON=<why>"] : []),
    ...(actorNamed ? [] : ["ACTOR=<who>"]),
  ];
  if (digest === undefined || missing.length > 0)
    throw new Failure(
      exitCodes.usage,
      `Missing: ${missing.join(", ")}. Refused digests: ${list}. Nothing was changed.`,
      {
        next: makeLine(ctx.stack, "unblock", {
          DIGEST: digest ?? [...refused.keys()][0] ?? "<sha256>",
          REASON: reason ?? "<why>",
          ACTOR: "<who>",
        }),
      },
    );
  const full = `sha256:${hex(digest)}`;
  const refusal = refused.get(full);
  if (!refusal)
    throw new Failure(
      exitCodes.usage,
      `Digest \`${digest}\` is not refused. Refused digests: ${list}. Nothing was changed.`,
    );
  await confirm(`${full} is ${describeRefusal(refusal)}. Unblock it?`, ctx.options, ctx.signal);
  ctx.output.set("allowed", { digest: full, refusal, actor, reason });
  if (ctx.options.dryRun) {
    ctx.output.print(`Would remove ${full} from the list of refused digests.`);
    return;
  }
  const evidence = { digest: full, refusal, actor, reason, at: ctx.clock.now().toISOString() };
  await ctx.parameters.put(paths.evidence(ctx.stack, "allowed", hex(full)), JSON.stringify(evidence));
  await ctx.parameters.remove(paths.refused(ctx.stack, hex(full)));
  ctx.output.print(`${full} may be deployed again (${actor}: ${reason}).`);
  ctx.output.next(makeLine(ctx.stack, "deploy", { VERSION: "<tag>" }));
}
