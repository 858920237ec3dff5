import type { Settings } from "../../decisions/stack/config";
import { downFaults, lossFaults, type DownFault } from "../../decisions/database/schemaPlan";
import { readBetween } from "./revisionsBetween";

/**
 * What speaks against taking the database from `from` down to `to`: a revision on the way without a proof that counts, and
 * one that would lose what somebody wrote without an approval by somebody else than its author.
 * @param loss rows that may be lost, by revision
 */
export function downgradeFaults(
  root: string,
  settings: Settings,
  from: string,
  to: string,
  loss: ReadonlyMap<string, number> = new Map(),
): DownFault[] {
  const between = readBetween(root, settings, to, from);
  return [...downFaults(between, from), ...lossFaults(between, loss)];
}
