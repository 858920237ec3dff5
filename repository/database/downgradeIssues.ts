import type { Settings } from "../../decisions/stack/config";
import { downgradeIssues, lossIssues, type DowngradeIssue } from "../../decisions/database/schemaPlan";
import { readRevisionsBetween } from "./revisionsBetween";

/**
 * What speaks against taking the database from `from` down to `to`: a revision on the way without a proof that counts, and
 * one that would lose what somebody wrote without an approval by somebody else than its author.
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
