import { z } from "zod";
import { slots, type Slot } from "../../../decisions/stack/names";

/** What a pod counts. `timed` are the requests of the histogram, `fast` those of them within the latency objective. */
export const kinds = ["requests", "errors", "timed", "fast", "ok", "failed"] as const;
export type Kind = (typeof kinds)[number];
export type Counts = Partial<Record<Kind, number>>;

/** A pod's counters, as its newest scrape had them. */
export interface PodCounters {
  slot: Slot;
  /** Name of the pod, unique among all that ever were. */
  pod: string;
  /** Time of the scrape, milliseconds since 1970. */
  at: number;
  counts: Counts;
}

const counts = z.partialRecord(z.enum(kinds), z.number());

/** Where the last look ended. Small, since it is kept with the gate's state: six numbers a pod. */
export const counterCursor = z.strictObject({
  source: z.literal("prometheus"),
  /** End of the newest interval given out, milliseconds since 1970. */
  at: z.number(),
  /** Newest scrape that was read. */
  seen: z.number(),
  /** Bound of the bucket that `fast` is counted by, seconds. */
  bound: z.number(),
  /** Counters by slot and pod. */
  pods: z.partialRecord(z.enum(slots), z.record(z.string(), counts)),
});
export type CounterCursor = z.infer<typeof counterCursor>;

/** A pod that turns up after so long without a look may have counted long before: what it has is only a start, milliseconds. */
const longestGap = 30_000;

/** The starting point: nothing counts that was counted before. */
export function startAt(pods: readonly PodCounters[], at: number, bound: number): CounterCursor {
  const cursor: CounterCursor = { source: "prometheus", at, seen: at, bound, pods: {} };
  for (const { slot, pod, counts: now } of pods) (cursor.pods[slot] ??= {})[pod] = now;
  return cursor;
}

/**
 * What was counted since the cursor, by slot, and the cursor after it.
 *
 * A counter that is lower than it was has begun anew with its process: then what it shows is what is known. A pod that is
 * new begins at 0. One that vanished adds nothing, and is remembered: were it only not to be reached for a while, all that
 * it ever counted would else be counted again. The times of scrapes that are behind the cursor's change nothing.
 */
export function increments(
  cursor: CounterCursor,
  pods: readonly PodCounters[],
): { cursor: CounterCursor; slots: Partial<Record<Slot, Counts>> } {
  const seen = pods.reduce((newest, { at }) => Math.max(newest, at), cursor.seen);
  const next: CounterCursor = { ...cursor, seen, pods: {} };
  for (const slot of slots) if (cursor.pods[slot]) next.pods[slot] = { ...cursor.pods[slot] };
  const sums: Partial<Record<Slot, Counts>> = {};
  for (const { slot, pod, counts: now } of pods) {
    const known = cursor.pods[slot]?.[pod];
    const before = known ?? (seen - cursor.seen > longestGap ? now : {});
    const isAnew = kinds.some((kind) => (now[kind] ?? Infinity) < (before[kind] ?? 0));
    const sum = (sums[slot] ??= {});
    for (const kind of kinds) {
      const value = now[kind];
      if (value !== undefined) sum[kind] = (sum[kind] ?? 0) + value - (isAnew ? 0 : (before[kind] ?? 0));
    }
    (next.pods[slot] ??= {})[pod] = { ...(isAnew ? {} : before), ...now };
  }
  return { cursor: next, slots: sums };
}
