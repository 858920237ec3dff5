import { mayBeOverridden, type MonitorResult } from "../../decisions/gate/monitor";
import { digestIn } from "../../decisions/release/digest";
import { other, parameters as paths } from "../../decisions/stack/names";
import { overridable } from "../../decisions/release/transitionFacts";
import { readPublished } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import type { Operation } from "../stack/operation";
import { isOverridden } from "./override";
import { gateSettings, type CanaryMonitor } from "./canaryMonitor";

/** Holds the canary until there is a verdict, and writes a `promote` where the program looks for it. */
export async function gate(operation: Operation, watch: CanaryMonitor): Promise<void> {
  const { ctx, current } = operation;
  const canary = digestIn(current, other(current.live));
  const judged = (await readPublished(ctx)).verdicts.get(current.serial);
  if (judged?.digest === canary && judged?.verdict === "promote" && watch.result.verdict !== "rollback") {
    watch.allowPromotion();
    return;
  }
  const settings = gateSettings(ctx);
  const overridden = isOverridden(ctx, overridable.gate);
  const result = await ctx.output.step("canary held and watched", async (entry) => {
    const word = await watch.until(
      "canary held",
      (seen) =>
        seen.verdict !== "hold" || seen.deadlinePassed || (overridden && mayBeOverridden(seen, settings)),
    );
    entry.verdict = word.verdict;
    entry.verdictAt = new Date().toISOString();
    entry.reasons = word.reasons;
    return word;
  });
  ctx.output.set("gate", figuresOf(result));
  const { verdict, reasons, figures } = result;
  if (verdict === "rollback" || (verdict === "hold" && !overridden))
    throw new CanaryRejected(verdict === "rollback", result);
  ctx.output.say(`verdict: ${verdict}${verdict === "hold" ? ", overridden" : ""}: ${reasons.join(", ")}`);
  const { spentByCanary, left } = figures.budget;
  if (spentByCanary !== undefined && left !== undefined)
    ctx.output.say(`error budget: the canary spent ${percent(spentByCanary)}, ${percent(left)} is left`);
  watch.allowPromotion();
  if (verdict === "hold") return;
  const evidence = {
    digest: canary,
    verdict,
    at: new Date().toISOString(),
    figures: { ...figures, ...(settings.overridden ? { overridden: settings.overridden } : {}) },
  };
  await ctx.parameters.put(
    paths.evidence(ctx.stack, "verdict", String(current.serial)),
    JSON.stringify(evidence),
  );
}

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`;

/** What of a verdict the report and the incident keep. */
const figuresOf = ({ verdict, reasons, figures, phase }: MonitorResult) => ({
  phase,
  verdict,
  reasons,
  figures,
});

/** The release got no `promote`: it was bad, or there was too little to judge it by until the deadline. */
export class CanaryRejected extends Failure {
  constructor(
    readonly bad: boolean,
    result: MonitorResult,
  ) {
    const { reasons, phase } = result;
    const what = phase === "bake" ? "The release went bad after its promotion" : "The canary is bad";
    super(
      exitCodes.rolledBack,
      bad
        ? `${what}: ${reasons.join(", ")}.`
        : `The canary was not promoted by its deadline: ${reasons.join(", ")}.`,
      { details: { ...figuresOf(result), verdict: bad ? "rollback" : "hold" } },
    );
  }
}
