import type { Settings } from "../../decisions/stack/config";
import type { RevisionsBetween } from "../../decisions/database/schemaPlan";
import { pendingRevisions } from "../../decisions/database/revisionProof";
import { evidenceSettings, judgeFile } from "../approval/evidence";
import { readRevisionFiles, readRevisionProof } from "./revisions";

/** The revisions that lie between `to` and the database's `at`, with their proofs and approvals as they count now. */
export function readRevisionsBetween(
  root: string,
  settings: Settings,
  to: string,
  at: string,
): RevisionsBetween {
  const known = readRevisionFiles(root);
  const wanted = evidenceSettings(settings);
  const ids = known.parents.has(to) ? pendingRevisions(known.parents, to, at) : undefined;
  if (!ids)
    return {
      ok: false,
      reasons: [
        `the files in migrations/revisions do not say which revisions lie between ${to} and ${at}; known are ${[...known.files.keys()].join(", ") || "none"}`,
      ],
    };
  return {
    ok: true,
    revisions: ids.map((id) => ({
      id,
      proof: readRevisionProof(root, known, id, wanted),
      // Where no change window is, there is nothing that anybody would miss, as on a first stage.
      approval: settings.changeWindow
        ? judgeFile(root, "approval", id, known.files.get(id) ?? "", wanted)
        : { ok: true },
    })),
  };
}
