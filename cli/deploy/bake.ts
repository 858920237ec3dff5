import { exitCodes, Failure } from "../shell/failure";
import { CanaryRejected } from "./canaryRejected";
import type { Operation } from "../stack/operation";
import { makeLine } from "../shell/options";
import type { CanaryMonitor } from "./canaryMonitor";

/**
 * Goes on judging the promoted release for `gate.bakeMinutes`, with all the traffic and the old slot standing by. One that
 * goes bad is thrown as {@link CanaryRejected}. One that could not be judged stays, but the command does not say that all is well.
 */
export async function bake(operation: Operation, monitor: CanaryMonitor): Promise<void> {
  const { ctx } = operation;
  const { bakeMinutes } = ctx.settings.gate;
  if (bakeMinutes === 0) return;
  const word = await ctx.output.step("bake", `bake: watched for ${bakeMinutes} min`, async (entry) => {
    const result = await monitor.until(
      "bake",
      ({ verdict, phase, deadlinePassed }) =>
        verdict === "rollback" || (phase === "bake" && (verdict === "promote" || deadlinePassed)),
    );
    entry.verdict = result.verdict;
    entry.verdictAt = ctx.clock.now().toISOString();
    entry.reasons = result.reasons;
    return result;
  });
  ctx.output.set("bake", { verdict: word.verdict, reasons: word.reasons, figures: word.figures });
  if (word.verdict === "rollback") throw new CanaryRejected("bad", word);
  if (word.verdict === "promote") return;
  throw new BakeUndecided(
    exitCodes.unexpected,
    `The release is live and validated, but its bake could not be judged: ${word.reasons.join(", ")}. It stays live; watch it yourself.`,
    { next: makeLine(ctx.stack, "status"), details: { verdict: "hold", reasons: word.reasons } },
  );
}

/** Nobody can say whether the promoted release is good or bad: no reason to take it back, and none to call it good. */
export class BakeUndecided extends Failure {}
