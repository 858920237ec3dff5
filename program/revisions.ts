import { revisionChecks } from "../decisions/checks/revisions";
import type { Release, Settings } from "../decisions/config";
import { readRevisionFacts } from "../records/revisionFacts";
import type { EarlierStage } from "./published";

/**
 * Why the revisions that a migration brings may not be applied (A7, A8, A9, B5); none where nothing is migrated up. Plain
 * `pulumi up` asks what the checklist asks; git is only asked where there is a new revision.
 */
export function revisionFaults(
  root: string,
  settings: Settings,
  published: Release | undefined,
  stage: EarlierStage | undefined,
): string[] {
  const { migration } = settings.release;
  if (!migration || migration.downgradeFrom !== undefined) return [];
  if (migration.revision === published?.migration?.revision) return [];
  const facts = readRevisionFacts(root, settings, published ?? settings.release, {
    from: published?.migration?.revision,
    needed: migration.revision,
    ...(stage?.downgraded && { downgraded: stage.downgraded }),
  });
  return revisionChecks.flatMap(({ id, look }) => {
    const seen = look(facts);
    return seen.ok ? [] : [`${id}: ${seen.detail}; ${seen.next}`];
  });
}
