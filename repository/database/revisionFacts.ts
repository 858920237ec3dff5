import type { RevisionFacts } from "../../decisions/deploy/checks/revisions";
import type { Release, Settings } from "../../decisions/stack/config";
import { pendingRevisions } from "../../decisions/database/revisionGraph";
import { hashesOf, readRevisions, seedsHash } from "./revisions";

/** What the files do not say. */
export interface Asked {
  /** Where the database is; undefined: empty. */
  from: string | undefined;
  /** The revision that it is to be at. */
  needed: string;
  /** Revision -> SHA-256 of its file, as the stack before this one took it down and up again; absent: not known. */
  downgraded?: ReadonlyMap<string, string> | undefined;
}

/** What the checks on revisions look at: the files, their evidence in git, and what the stage before has done. */
export function readRevisionFacts(
  root: string,
  settings: Settings,
  current: Release,
  { from, needed, downgraded }: Asked,
): RevisionFacts {
  const { files, graph, proved } = readRevisions(root, settings);
  const pending = pendingRevisions(graph, from, needed);
  const live = current.slots[current.live];
  const { promotedFrom } = settings;
  return {
    ...(pending.ok ? { pending: pending.revisions.map(proved) } : { unknown: pending.reasons }),
    needed: proved(needed),
    seeds: seedsHash(root),
    ...(live && { live: { version: live.version, revision: live.revision } }),
    downgraded,
    requiresStaging: promotedFrom !== undefined,
    promotedFrom,
    hashes: hashesOf(files),
  };
}
