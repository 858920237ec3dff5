import { revisionChecks } from "../decisions/checks/revisions";
import type { Release } from "../decisions/config";
import { pendingRevisions } from "../decisions/revisionProof";
import { evidenceSettings, judgeFile } from "../records/evidence";
import { readRevisionFacts } from "../records/revisionFacts";
import { readProvedRevision, readRevisionFiles } from "../records/revisions";
import type { Context } from "./context";
import { readStaging } from "./facts";
import { exitCodes, Failure } from "./failure";

/** What a migration or a downgrade that a person asks for must show, outside of a deploy's checklist. */
type Place = Pick<Context, "root" | "settings">;

/** Throws refused (4) unless the revisions up to `needed` are reviewed and proved, as the checklist of a deploy wants them. */
export async function passMigration(ctx: Context, current: Release, needed: string): Promise<void> {
  const { stagingDowngraded } = await readStaging(ctx);
  const facts = readRevisionFacts(ctx.root, ctx.settings, current, {
    from: current.migration?.revision,
    needed,
    ...(stagingDowngraded && { downgraded: stagingDowngraded }),
  });
  const failed = revisionChecks.flatMap(({ id, look }) => {
    const seen = look(facts);
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

/**
 * Throws refused (4) unless each revision between the database and `to` has a proof that counts, and one that would lose
 * what somebody wrote an approval by somebody else than its author.
 */
export function passDowngrade({ root, settings }: Place, from: string, to: string): void {
  const files = readRevisionFiles(root);
  const wanted = evidenceSettings(settings);
  const down = pendingRevisions(files.parents, to, from);
  if (!down || (down.length === 0 && from !== to))
    throw new Failure(
      exitCodes.refused,
      `The files in migrations/revisions do not say that ${to} comes before ${from}, where the database is. Known are ${[...files.files.keys()].join(", ") || "none"}. Nothing was changed.`,
    );
  const faults = down.flatMap((id) => {
    const { proof } = readProvedRevision(root, files, id, wanted);
    if (!proof.ok)
      return [
        { text: `the downgrade of ${id} is not proved: ${proof.reasons.join("; ")}`, next: proof.next },
      ];
    const { reversible } = proof.details.facts;
    if (reversible) return [];
    const approval = judgeFile(root, "approval", id, files.files.get(id) ?? "", wanted);
    if (approval.ok) return [];
    return [
      {
        text: `the downgrade of ${id} loses what was written since (reversible = False), and nobody has approved that: ${approval.reasons.join("; ")}`,
        next: `make approve CHANGE=${id} REASON="<why>", by somebody else than its author; or recover to a point in time.`,
      },
    ];
  });
  const [first] = faults;
  if (!first) return;
  throw new Failure(
    exitCodes.refused,
    ["The downgrade is refused; nothing was changed:", ...faults.map(({ text }) => `  ${text}`)].join("\n"),
    { next: first.next },
  );
}
