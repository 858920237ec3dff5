import type { Release } from "../release/release";
import { lineage } from "./revisionProof";

/** What a migration's Job is told of the revisions that were proved and reviewed, so that it runs those and no others. */

/** The variable that carries it; migrations/contents.py reads it. An image that does not know it ignores it. */
export const revisionsVariable = "MIGRATION_REVISIONS";

/**
 * Each revision on the Job's way, and all before it, with the SHA-256 of its file: `8c0d1b2e:ba87…,3f2a77aa:622f…`. Which of
 * them it runs depends on where the database is; telling all keeps the Job the same for the same act. "" where the files do
 * not say what comes before what: no proof counts then either.
 */
export function jobRevisions(
  { revision, downgradeFrom }: NonNullable<Release["migration"]>,
  parents: ReadonlyMap<string, string | null>,
  hashes: ReadonlyMap<string, string>,
): string {
  const order = lineage(parents, downgradeFrom ?? revision) ?? [];
  return order.map((id) => `${id}:${hashes.get(id) ?? ""}`).join(",");
}
