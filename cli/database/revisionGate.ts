import { revisionChecks } from "../../decisions/deploy/checks/revisions";
import { describeHint } from "../../decisions/text/commandHint";
import type { Release } from "../../decisions/stack/config";
import { readDowngradeIssues } from "../../repository/database/revisionsBetween";
import { readRevisionFacts } from "../../repository/database/revisionFacts";
import type { Context } from "../shell/context";
import { readPromotionSource } from "../stack/promotionSource";
import { exitCodes, Failure } from "../shell/failure";

/** Checks of a migration or a downgrade that a person runs by itself, outside of a deploy's checklist. */
type Place = Pick<Context, "root" | "settings" | "stack">;

/** Throws refused (4) unless the revisions up to `needed` pass the checks of a deploy's checklist. */
export async function passMigration(ctx: Context, current: Release, needed: string): Promise<void> {
  const { stagingDowngraded } = await readPromotionSource(ctx);
  const facts = readRevisionFacts(ctx.root, ctx.settings, current, {
    from: current.migration?.revision,
    needed,
    downgraded: stagingDowngraded,
  });
  const failed = revisionChecks.flatMap(({ id, run }) => {
    const seen = run(facts);
    return seen.ok ? [] : [{ id, ...seen }];
  });
  const [first] = failed;
  if (!first) return;
  throw new Failure(
    exitCodes.refused,
    [
      "The migration is refused; nothing was changed:",
      ...failed.map(({ id, detail }) => `  ${id}: ${detail}`),
    ].join("\n"),
    { next: first.next, details: { failed: failed.map(({ id }) => id) } },
  );
}

/** Throws refused (4) with every issue of {@link readDowngradeIssues}, if there is one. */
export function passDowngrade(
  { root, settings, stack }: Place,
  from: string,
  to: string,
  loss?: ReadonlyMap<string, number>,
): void {
  const issues = readDowngradeIssues(root, settings, from, to, loss);
  const [first] = issues;
  if (!first) return;
  throw new Failure(
    exitCodes.refused,
    ["The downgrade is refused; nothing was changed:", ...issues.map(({ text }) => `  ${text}`)].join("\n"),
    { next: describeHint(stack, first.next) },
  );
}
