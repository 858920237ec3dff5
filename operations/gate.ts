import { digestIn } from "../decisions/digest";
import { other, parameters as paths } from "../decisions/names";
import { readPublished } from "./context";
import { exitCodes, Failure } from "./failure";
import { holdCanary } from "./hold";
import type { Operation } from "./operation";

/** Holds the canary until there is a verdict, and writes a `promote` where the program looks for it. */
export async function gate(operation: Operation): Promise<void> {
  const { ctx, current } = operation;
  const canary = digestIn(current, other(current.live));
  const published = await readPublished(ctx);
  if (
    published.verdicts.get(current.serial)?.digest === canary &&
    published.verdicts.get(current.serial)?.verdict === "promote"
  )
    return;
  const { verdict, reasons, figures } = await ctx.report.step("canary held and watched", async (entry) => {
    const outcome = await holdCanary(ctx, current);
    entry.verdict = outcome.verdict;
    entry.reasons = outcome.reasons;
    return outcome;
  });
  const overridden = ctx.options.override?.split(",").includes("gate") === true && verdict === "hold";
  if (verdict === "promote" || overridden) {
    ctx.report.say(`verdict: ${verdict}: ${reasons.join(", ")}`);
    if (overridden) return;
    const evidence = { digest: canary, verdict, at: new Date().toISOString(), figures };
    await ctx.parameters.put(
      paths.evidence(ctx.stack, "verdict", String(current.serial)),
      JSON.stringify(evidence),
    );
    return;
  }
  throw new CanaryRejected(verdict === "rollback", reasons);
}

/** The canary got no `promote`: it was bad, or there was too little to judge it by until the deadline. */
export class CanaryRejected extends Failure {
  constructor(
    readonly bad: boolean,
    reasons: string[],
  ) {
    super(
      exitCodes.rolledBack,
      bad
        ? `The canary is bad: ${reasons.join(", ")}.`
        : `The canary was not promoted by its deadline: ${reasons.join(", ")}.`,
      { details: { verdict: bad ? "rollback" : "hold", reasons } },
    );
  }
}
