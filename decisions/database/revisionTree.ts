import { liveDigest } from "../release/digest";
import type { FlagConditions } from "../flags/flags";
import type { Release } from "../release/release";

/** By revision, the revisions that it builds on, as the migrations' own files say: Alembic's ids have no order of their own. */
export type RevisionParents = ReadonlyMap<string, readonly string[]>;

/** Whether a database that is at `at` has `wanted`: it is that revision, or one that it builds on. Unknown is no. */
export function hasRevision(parents: RevisionParents, at: string | undefined, wanted: string): boolean {
  const seen = new Set<string>();
  const open = at === undefined ? [] : [at];
  for (let revision = open.pop(); revision !== undefined; revision = open.pop()) {
    if (revision === wanted) return true;
    if (seen.has(revision)) continue;
    seen.add(revision);
    open.push(...(parents.get(revision) ?? []));
  }
  return false;
}

/** What the publication of flags depends on, for a release as it is applied. */
export function flagConditions(release: Release, revisions: RevisionParents): FlagConditions {
  const live = liveDigest(release);
  return {
    validatedIsLive: live !== undefined && release.validated === live,
    hasRevision: (revision) => hasRevision(revisions, release.migration?.revision, revision),
  };
}
