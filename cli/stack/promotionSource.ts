import { downgradesOutput, readDowngrades } from "../../decisions/database/downgrades";
import type { PromotionSource } from "../../decisions/release/transitionFacts";
import type { Context } from "../shell/context";

/** What only another stack knows: the digest that the stack before this one validated (A4), and what it took down (B5). */
export async function readPromotionSource(ctx: Context): Promise<PromotionSource> {
  const { promotedFrom } = ctx.settings;
  if (promotedFrom === undefined) return { requiresStaging: false };
  const [stagingValidated, downgrades] = await Promise.all([
    ctx.engine.outputOf(promotedFrom, "validated"),
    ctx.engine.outputOf(promotedFrom, downgradesOutput),
  ]);
  return {
    requiresStaging: true,
    promotedFrom,
    stagingValidated,
    stagingDowngraded: readDowngrades(downgrades),
  };
}
