import type { Settings } from "../../decisions/stack/config";
import type { RevisionsBetween } from "../../decisions/database/schemaPlan";
import { hasRevision, leftByDowngrade, pendingRevisions } from "../../decisions/database/revisionGraph";
import { evidenceSettings, judgeFile } from "../approval/evidence";
import { readRevisionFiles } from "./revisionFiles";
import { readRevisionProof } from "./revisions";

/**
 * The revisions that lie between `to` and the database's `at`, with their proofs and approvals as they count now. Not
 * known where a file is missing, or where neither of the two builds on the other.
 */
export function readRevisionsBetween(
  root: string,
  settings: Settings,
  to: string,
  at: string,
): RevisionsBetween {
  const { files, graph } = readRevisionFiles(root);
  const wanted = evidenceSettings(settings);
  const pending = pendingRevisions(graph, to, at);
  if (!pending.ok)
    return {
      ok: false,
      reasons: [
        `the files in migrations/revisions do not say which revisions lie between ${to} and ${at}: ${pending.reasons.join("; ")}; known are ${[...files.keys()].join(", ") || "none"}`,
      ],
    };
  if (pending.revisions.length > 0 && !hasRevision(graph, at, to))
    return {
      ok: false,
      reasons: [`revisions ${to} and ${at} are on different branches: neither builds on the other`],
    };
  return {
    ok: true,
    left: leftByDowngrade(graph, at, to),
    revisions: pending.revisions.map((id) => ({
      id,
      proof: readRevisionProof(root, files, id, wanted),
      // Where no change window is, there is nothing that anybody would miss, as on a first stage.
      approval: settings.changeWindow
        ? judgeFile(root, "approval", id, files.get(id)?.file ?? "", wanted)
        : { ok: true },
    })),
  };
}
