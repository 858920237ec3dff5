import type { Settings } from "../../decisions/stack/config";
import { downgradeIssues, lossIssues, type DowngradeIssue } from "../../decisions/database/schemaPlan";
import { readRevisionsBetween } from "./revisionsBetween";

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
