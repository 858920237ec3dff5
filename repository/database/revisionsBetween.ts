import type { Settings } from "../../decisions/stack/config";
import { downgradeIssues, lossIssues } from "../../decisions/database/schemaPlan";
import type { DowngradeIssue, RevisionsBetween } from "../../decisions/database/schemaPlan";
import { hasRevision, leftByDowngrade, pendingRevisions } from "../../decisions/database/revisionGraph";
import { readRevisions } from "./revisions";

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
  const { files, graph, proof, approval } = readRevisions(root, settings);
  const pending = pendingRevisions(graph, to, at);
  if (!pending.ok) {
    const known = [...files.keys()].join(", ") || "none";
    const reason = `the files in migrations/revisions do not say which revisions lie between ${to} and ${at}: ${pending.reasons.join("; ")}; known are ${known}`;
    return { ok: false, reasons: [reason] };
  }
  if (pending.revisions.length > 0 && !hasRevision(graph, at, to)) {
    const reason = `revisions ${to} and ${at} are on different branches: neither builds on the other`;
    return { ok: false, reasons: [reason] };
  }
  // Without a change window nothing needs an approval, as on a first stage.
  const approvalOf = (id: string) => (settings.changeWindow ? approval(id) : { ok: true as const });
  return {
    ok: true,
    left: leftByDowngrade(graph, at, to),
    revisions: pending.revisions.map((id) => ({ id, proof: proof(id), approval: approvalOf(id) })),
  };
}

/**
 * The reasons not to take the database from `from` down to `to`: a revision on the way has no proof that counts, or its
 * downgrade would lose what somebody wrote and nobody but its author has approved that.
 * @param loss rows that may be lost, by revision
 */
export function readDowngradeIssues(
  root: string,
  settings: Settings,
  from: string,
  to: string,
  loss: ReadonlyMap<string, number> = new Map(),
): DowngradeIssue[] {
  const between = readRevisionsBetween(root, settings, to, from);
  return [...downgradeIssues(between, from), ...lossIssues(between, loss)];
}
