import { hasRevision, type RevisionGraph } from "../database/revisionGraph";
import { liveDigest } from "../release/digest";
import type { Release } from "../release/release";
import type { FlagConditions } from "./flags";

/** What the publication of flags depends on, for a release as it is applied. */
export function flagConditions(release: Release, revisions: RevisionGraph): FlagConditions {
  const live = liveDigest(release);
  return {
    validatedIsLive: live !== undefined && release.validated === live,
    hasRevision: (revision) => hasRevision(revisions, release.migration?.revision, revision),
  };
}
