import type { Release } from "../stack/config";
import { pendingRevisions, type RevisionGraph } from "./revisionGraph";
import type { RevisionHeader } from "./revisionHeader";

/**
 * Whether running a revision takes something away for good, as far as its file says so. An expand never does, even where its
 * downgrade would lose what was written since: that is asked on the way down. Undefined: it does not say.
 */
export const isIrreversible = (header: Pick<RevisionHeader, "reversible" | "kind">): boolean | undefined =>
  header.reversible === undefined ? undefined : !header.reversible && header.kind !== "expand";

/** Whether the impact names guardians, who must then be notified before it runs. */
export const affectsGuardians = (impact: string): boolean => /guardian/i.test(impact);

/**
 * The irreversible revisions that run when the database goes from `from` (undefined: it is empty) up to `to`, oldest first;
 * or why they are not known.
 */
export function irreversibleBetween<File extends RevisionHeader>(
  from: string | undefined,
  to: string,
  graph: RevisionGraph,
  files: ReadonlyMap<string, File>,
): { ok: true; revisions: File[] } | { ok: false; reasons: string[] } {
  const pending = pendingRevisions(graph, from, to);
  if (!pending.ok) return pending;
  if (from !== to && pending.revisions.length === 0)
    return { ok: false, reasons: [`revision ${to} does not come after ${from}, where the database is`] };
  const found = pending.revisions.flatMap((id) => files.get(id) ?? []);
  const silent = found.filter((one) => isIrreversible(one) === undefined);
  const reasons = silent.map(
    ({ revision }) =>
      `revision ${revision} does not say \`reversible = True\` or \`reversible = False\` exactly once`,
  );
  return reasons.length > 0 ? { ok: false, reasons } : { ok: true, revisions: found.filter(isIrreversible) };
}

/**
 * The upgrade that an update makes of the published release, if it makes one. On a stack whose database has never been
 * migrated there is nothing yet that could be lost.
 */
export function upgradeOf(
  published: Release | undefined,
  next: Release,
): { from: string; to: string } | undefined {
  const from = published?.migration?.revision;
  const { revision: to, downgradeFrom } = next.migration ?? {};
  if (from === undefined || to === undefined || from === to || downgradeFrom !== undefined) return undefined;
  return published?.serial === next.serial ? undefined : { from, to };
}
