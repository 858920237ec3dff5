import { exposedDigests } from "../release/trafficWeights";
import { releaseOf, type HistoryEntry } from "../stack/history";

/**
 * When a digest got traffic, and has had since: the end of the first update of the newest run of updates that give it some.
 * Undefined where history has none. `history` is newest first.
 */
export function exposedSince(history: readonly HistoryEntry[], digest: string): Date | undefined {
  let since: string | undefined;
  for (const entry of history) {
    if (entry.kind !== "update" || entry.result !== "succeeded") continue;
    const release = releaseOf(entry);
    const isExposed = release !== undefined && exposedDigests(release).includes(digest);
    if (isExposed) since = entry.endTime ?? entry.startTime;
    else if (since !== undefined) break;
  }
  return since === undefined ? undefined : new Date(since);
}
