import type { Settings } from "../decisions/config";
import { pendingRevisions } from "../decisions/revisionProof";
import { evidenceSettings, judgeFile } from "./evidence";
import { readProvedRevision, readRevisionFiles } from "./revisions";

/** Why a downgrade may not run, and what to do about it. */
export interface DowngradeFault {
  text: string;
  next: string;
}

/**
 * What speaks against taking the database from `from` down to `to`: a revision on the way without a proof that counts, and
 * one that would lose what somebody wrote without an approval by somebody else than its author.
 * @param asksApproval whether there is data here that somebody would miss
 */
export function downgradeFaults(
  root: string,
  settings: Pick<Settings, "evidence" | "promotedFrom">,
  from: string,
  to: string,
  asksApproval = true,
): DowngradeFault[] {
  const files = readRevisionFiles(root);
  const wanted = evidenceSettings(settings);
  const down = pendingRevisions(files.parents, to, from);
  if (!down || (down.length === 0 && from !== to))
    return [
      {
        text: `the files in migrations/revisions do not say that ${to} comes before ${from}, where the database is. Known are ${[...files.files.keys()].join(", ") || "none"}`,
        next: "Check out the commit that has every revision in migrations/revisions, then run the command again.",
      },
    ];
  return down.flatMap((id) => {
    const { proof } = readProvedRevision(root, files, id, wanted);
    if (!proof.ok)
      return [
        { text: `the downgrade of ${id} is not proved: ${proof.reasons.join("; ")}`, next: proof.next },
      ];
    const { reversible } = proof.details.facts;
    if (reversible || !asksApproval) return [];
    const approval = judgeFile(root, "approval", id, files.files.get(id) ?? "", wanted);
    if (approval.ok) return [];
    return [
      {
        text: `the downgrade of ${id} loses what was written since (reversible = False), and nobody has approved that: ${approval.reasons.join("; ")}`,
        next: `make approve CHANGE=${id} REASON="<why>", by somebody else than its author; or recover to a point in time.`,
      },
    ];
  });
}
