import type { Release } from "../stack/config";
import { digest } from "../release/digest";
import { releaseOf, type HistoryEntry } from "../stack/history";
import { slots } from "../stack/names";

/** The order in which stack history applied the revisions, for when their files cannot say it. */

/** Releases of the succeeded updates, oldest first. */
const applied = (history: readonly HistoryEntry[]): Release[] =>
  history
    .filter((entry) => entry.kind === "update" && entry.result === "succeeded")
    .flatMap((entry) => releaseOf(entry) ?? [])
    .reverse();

/** Every revision that the database has been at, from the oldest schema to the newest. */
export function revisionOrder(history: readonly HistoryEntry[]): string[] {
  const order: string[] = [];
  let at: string | undefined;
  for (const { migration } of applied(history)) {
    if (!migration || migration.revision === at) continue;
    const { revision, downgradeFrom } = migration;
    if (!order.includes(revision)) {
      const place = order.indexOf(at ?? "");
      // The database went down to a revision at which it never stopped before: it lies below the one that it left.
      order.splice(downgradeFrom === undefined ? place + 1 : Math.max(place, 0), 0, revision);
    }
    at = revision;
  }
  return order;
}

/** Whether a release with this digest was live or standby in a succeeded update while the database was at `revision`. */
export const ranOn = (history: readonly HistoryEntry[], wanted: string, revision: string): boolean =>
  applied(history).some(
    (release) =>
      release.migration?.revision === revision &&
      slots.some((slot) => {
        const held = release.slots[slot];
        return held !== undefined && digest(held.image) === wanted;
      }),
  );
