import type { Release } from "../decisions/config";
import { other } from "../decisions/names";
import type { Context } from "./context";
import { judgeHold, type HoldVerdict, type Observation } from "./holdRule";
import { wait } from "./wait";

/** Pause between two looks at a held canary, milliseconds. */
const lookPause = 1_000;
/** Looks between two progress lines. */
const looksPerLine = 5;

/** Watches the canary until it is promoted, rolled back, or the deadline has passed. */
export async function holdCanary(
  ctx: Context,
  release: Release,
): Promise<HoldVerdict & { figures: Observation }> {
  const canary = other(release.live);
  const route = await ctx.loadBalancer.route(ctx.signal);
  const started = performance.now();
  for (let look = 0; ; look++) {
    const seconds = (performance.now() - started) / 1000;
    // A second is added so that the requests of the first moments stay in the window while the counters are scraped.
    const [counts, targets] = await Promise.all([
      ctx.metrics.counts(seconds + 1),
      route ? ctx.loadBalancer.targets(route, canary).catch(() => undefined) : undefined,
    ]);
    const seen: Observation = { seconds, canary: counts[canary], live: counts[release.live], targets };
    const verdict = judgeHold(seen, ctx.settings.gate);
    if (verdict.verdict !== "hold" || verdict.expired) return { ...verdict, figures: seen };
    if (look % looksPerLine === 0) ctx.report.say(`canary held: ${verdict.reasons.join(", ")}`);
    await wait(lookPause, ctx.signal);
  }
}
