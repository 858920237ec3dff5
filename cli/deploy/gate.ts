import { mayBeOverridden } from "../../decisions/gate/monitor";
import { percent } from "../../decisions/text/percent";
import { digestIn } from "../../decisions/release/digest";
import { other, parameters as paths } from "../../decisions/stack/names";
import { overridable } from "../../decisions/release/transitionFacts";
import { readPublished } from "../shell/context";
import type { Operation } from "../stack/operation";
import { isOverridden } from "./override";
import type { CanaryMonitor } from "./canaryMonitor";
import { CanaryRejected, figuresOf } from "./canaryRejected";
import { gateSettings } from "./gateSettings";

/** Holds the canary until there is a verdict, and writes a `promote` where the program looks for it. */
export async function gate(operation: Operation, monitor: CanaryMonitor): Promise<void> {
  const { ctx, current } = operation;
  const canary = digestIn(current, other(current.live));
  const judged = (await readPublished(ctx)).verdicts.get(current.serial);
  if (judged?.digest === canary && judged?.verdict === "promote" && monitor.result.verdict !== "rollback") {
    monitor.allowPromotion();
    return;
  }
  const settings = gateSettings(ctx);
  const overridden = isOverridden(ctx, overridable.gate);
  const result = await ctx.output.step("gate", "canary held and watched", async (entry) => {
    const word = await monitor.until(
      "canary held",
      (seen) =>
        seen.verdict !== "hold" || seen.deadlinePassed || (overridden && mayBeOverridden(seen, settings)),
    );
    entry.verdict = word.verdict;
    entry.verdictAt = ctx.clock.now().toISOString();
    entry.reasons = word.reasons;
    return word;
  });
  ctx.output.set("gate", figuresOf(result));
  const { verdict, reasons, figures } = result;
  if (verdict === "rollback" || (verdict === "hold" && !overridden))
    throw new CanaryRejected(verdict === "rollback" ? "bad" : "undecided", result);
  ctx.output.say(`verdict: ${verdict}${verdict === "hold" ? ", overridden" : ""}: ${reasons.join(", ")}`);
  const { spentByCanary, left } = figures.budget;
  if (spentByCanary !== undefined && left !== undefined)
    ctx.output.say(`error budget: the canary spent ${percent(spentByCanary)}, ${percent(left)} is left`);
  monitor.allowPromotion();
  if (verdict === "hold") return;
  const evidence = {
    digest: canary,
    verdict,
    at: ctx.clock.now().toISOString(),
    figures: { ...figures, overridden: settings.overridden },
  };
  await ctx.parameters.put(
    paths.evidence(ctx.stack, "verdict", String(current.serial)),
    JSON.stringify(evidence),
  );
}
