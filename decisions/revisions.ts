import type { Release, SlotRelease } from "./config";
import { digest } from "./digest";
import { releaseOf, type HistoryEntry } from "./history";
import { slots } from "./names";

/** What history tells of the database: Alembic's ids have no order of their own, but the order in which they were applied has. */

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
      // Taken down to a revision that was never stopped at: it lies below the one that it was left from.
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

/** What a rollback does with the database. */
export type DatabaseWay =
  { way: "none" | "keep" | "down" | "up"; note?: string } | { way: "refused"; reason: string };

/** Decides on the database: DATABASE= says what a person wants, history what is proven. */
export function databaseWay(
  target: SlotRelease,
  at: string | undefined,
  asked: "auto" | "keep" | "downgrade",
  history: readonly HistoryEntry[],
): DatabaseWay {
  const to = target.revision;
  if (at === to) return { way: "none" };
  const order = revisionOrder(history);
  const isAhead = at === undefined || (order.includes(at) && order.indexOf(to) > order.indexOf(at));
  if (isAhead)
    return {
      way: "up",
      note: `The database goes up from ${at ?? "nothing"} to ${to}, which ${target.version} needs.`,
    };
  if (asked === "downgrade")
    return { way: "down", note: `The database goes down from ${at} to ${to}; traffic is paused meanwhile.` };
  if (asked === "keep")
    return {
      way: "keep",
      note: `The database stays at ${at}, as asked; ${target.version} was built for ${to}.`,
    };
  if (ranOn(history, digest(target.image), at))
    return {
      way: "keep",
      note: `The database stays at ${at}: ${target.version} was built for ${to}, and history shows that it was in a slot under ${at}.`,
    };
  return {
    way: "refused",
    reason: `${target.version} needs revision ${to}, the database is at ${at}, and no update of history had ${target.version} in a slot under ${at}. Say DATABASE=downgrade to take the database back to ${to}, or DATABASE=keep if ${target.version} is known to run on ${at}.`,
  };
}
