import type { Release } from "../stack/config";
import { trafficWeights } from "../release/trafficWeights";
import { nameOf, releaseOf, type HistoryEntry } from "../stack/history";
import { readMessage, type Note } from "../stack/updateMessage";
import { slots, type Slot } from "../stack/names";
import type { TrafficShare } from "./trafficSeries";

/** One entry of stack history as a report shows it. */
export interface ReportUpdate {
  /** `update 12`, or its start time where the backend numbers none. */
  name: string;
  /** Start and end, milliseconds since 1970. */
  from: number;
  to: number;
  /** First line of its message. */
  line: string;
  kind: string;
  result: string;
  /** What it says to machines; absent for a plain `pulumi up`. */
  note?: Note | undefined;
  /** The release that it applied, where it can be read. */
  release?: Release | undefined;
  entry: HistoryEntry;
}

/** Every entry of history, the oldest first. */
export function updatesOf(history: readonly HistoryEntry[]): ReportUpdate[] {
  return history.toReversed().map((entry) => {
    const { line, note } = readMessage(entry.message);
    const release = releaseOf(entry);
    const from = Date.parse(entry.startTime);
    return {
      name: nameOf(entry),
      from,
      to: entry.endTime === undefined ? from : Date.parse(entry.endTime),
      line: line || `pulumi ${entry.kind}`,
      kind: entry.kind,
      result: entry.result,
      note,
      release,
      entry,
    };
  });
}

/** What is looked for in a history. */
export interface UpdateRange {
  /** The newest update before it; absent when it is the first. */
  before?: ReportUpdate | undefined;
  /** Its updates, the oldest first. */
  updates: ReportUpdate[];
}

/** A release's updates end when nothing was done to it for so long, milliseconds. */
const quietEnd = 24 * 3_600_000;

/**
 * The updates of a version's newest release: its deploys one after another, and what followed until another version was
 * deployed, a day had passed, or the release was rolled back; then the operation that took it back is the last. Undefined:
 * history has no update about it.
 */
export function updateRangeOf(updates: readonly ReportUpdate[], version: string): UpdateRange | undefined {
  const newest = newestOf(updates, version);
  if (newest < 0) return undefined;
  const first = firstOf(updates, newest);
  const end = endOf(updates, version, first, newest);
  return { updates: updates.slice(first, end + 1), before: updates[first - 1] };
}

/** Index of the version's newest deploy; of its newest update where it was never deployed; -1 where it has none. */
function newestOf(updates: readonly ReportUpdate[], version: string): number {
  const isNamed = ({ note }: ReportUpdate) => note?.version === version;
  const deployed = updates.findLastIndex((one) => isNamed(one) && one.note?.operation === "deploy");
  return deployed < 0 ? updates.findLastIndex(isNamed) : deployed;
}

/** Index of the first of the updates of the same operation on the same version that lead up to `newest`. */
function firstOf(updates: readonly ReportUpdate[], newest: number): number {
  const { version, operation } = updates[newest]?.note ?? {};
  const isSame = ({ note }: ReportUpdate) => note?.version === version && note?.operation === operation;
  return updates.slice(0, newest).findLastIndex((one) => !isSame(one)) + 1;
}

/** Index of the last update that belongs to the release which began at `first`. */
function endOf(updates: readonly ReportUpdate[], version: string, first: number, newest: number): number {
  let end = first;
  /** Operation that took the release's traffic; "" before it had any. */
  let takenBack = isExposed(updates[first], version) ? undefined : "";
  for (const [index, one] of updates.entries()) {
    if (index <= first) continue;
    const before = updates[end];
    const isLate = before !== undefined && one.from - before.to > quietEnd && index > newest;
    const isOther = one.note?.operation === "deploy" && one.note.version !== version;
    if (isLate || isOther || (takenBack && one.note?.id !== takenBack && index > newest)) break;
    if (isExposed(one, version)) takenBack = undefined;
    else if (takenBack === undefined && one.release) takenBack = one.note?.id ?? one.name;
    end = index;
  }
  return end;
}

/** Whether a version is live or a canary after an update. */
export function isExposed({ release }: Pick<ReportUpdate, "release"> = {}, version: string): boolean {
  if (!release) return false;
  const held = (slot: Slot) => release.slots[slot]?.version === version;
  return held(release.live) || (release.canaryWeight > 0 && slots.some(held));
}

/** The updates that overlap a time, milliseconds since 1970. */
export function updatesBetween(updates: readonly ReportUpdate[], from: number, to: number): UpdateRange {
  const within = updates.filter((one) => one.to >= from && one.from <= to);
  const start = within[0] ? updates.indexOf(within[0]) : updates.findLastIndex((one) => one.to < from) + 1;
  return { updates: within, before: updates[start - 1] };
}

/** The version that a slot holds at a time; what an update brings counts from its start, when it has no traffic yet. */
export function versionAt(updates: readonly ReportUpdate[], slot: Slot, at: number): string | undefined {
  const applied = updates.findLast((one) => one.release !== undefined && one.from <= at);
  const next = updates.find((one) => one.release !== undefined);
  return (applied ?? next)?.release?.slots[slot]?.version;
}

/** What config gave each slot, from each update's end on: drawn where nobody counted requests. */
export function configuredShares({ before, updates }: UpdateRange, from: number, to: number): TrafficShare[] {
  const applied = [...(before ? [before] : []), ...updates].filter(
    (one) => one.release && one.result === "succeeded",
  );
  return applied.flatMap((one, index) => {
    const start = Math.max(from, index === 0 ? from : one.to);
    const end = Math.min(to, applied[index + 1]?.to ?? to);
    if (!one.release || end < start) return [];
    const share = trafficWeights(one.release);
    return slots.flatMap((slot) => [
      { at: start, slot, percent: share[slot] },
      { at: end, slot, percent: share[slot] },
    ]);
  });
}
