import type { Release } from "../release/release";
import { lineage, type RevisionGraph } from "./revisionGraph";

/** Tells a migration's Job which revisions were proved and reviewed, so that it runs those and no others. */

/** The Job's variable, which migrations/contents.py reads; an older image ignores it. */
export const revisionsVariable = "MIGRATION_REVISIONS";

/**
 * The Job's target and every revision that it builds on, with the SHA-256 of each file: `8c0d1b2e:ba87…,3f2a77aa:622f…`.
 * Which of them run depends on where the database is; naming all of them keeps the Job the same for the same migration.
 * "" where a file is missing or cannot be read: no proof counts then either.
 */
export function jobRevisions(
  { revision, downgradeFrom }: NonNullable<Release["migration"]>,
  graph: RevisionGraph,
  hashes: ReadonlyMap<string, string>,
): string {
  const known = lineage(graph, downgradeFrom ?? revision);
  return (known.ok ? known.revisions : []).map((id) => `${id}:${hashes.get(id) ?? ""}`).join(",");
}
