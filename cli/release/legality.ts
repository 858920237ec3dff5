import { transition, type Transition } from "../../decisions/release/transition";
import type { Release } from "../../decisions/stack/config";
import { transitionFacts } from "../../decisions/stack/parameters";
import { readPublished, type Context } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import type { Change } from "../stack/operation";
import { readPromotionSource } from "../stack/promotionSource";

/**
 * Whether the program will take `next`. Asked as the program asks it: against the release that is published now, which is
 * not always the one that the command started from.
 */
export async function judgeStep(ctx: Context, next: Release): Promise<Transition> {
  const [published, staging] = await Promise.all([readPublished(ctx), readPromotionSource(ctx)]);
  return transition(published.release, next, transitionFacts(published, next, staging));
}

/** Throws refused (4) with every reason, before an update that the program would refuse. */
export async function requireLegal(
  ctx: Context,
  { step, release }: Pick<Change, "step" | "release">,
): Promise<void> {
  const legal = await judgeStep(ctx, release);
  if (legal.ok) return;
  throw new Failure(
    exitCodes.refused,
    [
      `The step ${step} to serial ${release.serial} is refused:`,
      ...legal.reasons.map((reason) => `  ${reason}`),
    ].join("\n"),
    { details: { reasons: legal.reasons } },
  );
}
