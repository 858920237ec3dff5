import { revisionChecks } from "../../decisions/deploy/checks/revisions";
import type { Release, Settings } from "../../decisions/stack/config";
import { readRevisionFacts, type Asked } from "./revisionFacts";

/** The check that needs the outputs of the stack before this one. */
const asksStage = "downgraded-in-staging";

/**
 * Why the revisions that a migration brings may not be applied (A7, A8, A9, B5); empty where nothing is migrated up. A plain
 * `pulumi up` runs the checklist's checks too; git is read only where there is a new revision.
 * @param stage what the stack before this one says of its database, see {@link Asked}; undefined where there is none or it
 * does not say, `unasked` where its outputs cannot be read: a command that can read them checks what that stage did
 */
export function revisionIssues(
  root: string,
  settings: Settings,
  published: Release | undefined,
  stage: Pick<Asked, "downgraded"> | undefined | "unasked",
): string[] {
  const { migration } = settings.release;
  if (!migration || migration.downgradeFrom !== undefined) return [];
  if (migration.revision === published?.migration?.revision) return [];
  const facts = readRevisionFacts(root, settings, published ?? settings.release, {
    from: published?.migration?.revision,
    needed: migration.revision,
    downgraded: stage === "unasked" ? undefined : stage?.downgraded,
  });
  const asked = revisionChecks.filter(({ id }) => stage !== "unasked" || id !== asksStage);
  return asked.flatMap(({ id, run }) => {
    const seen = run(facts);
    return seen.ok ? [] : [`${id}: ${seen.detail}; ${seen.next}`];
  });
}
