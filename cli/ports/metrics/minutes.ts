import { z } from "zod";
import type { SlotCounts } from "../../../decisions/gate/observation";
import { other, slots, type Slot } from "../../../decisions/stack/names";
import type { Measured } from "./measured";

/** CloudWatch has the load balancer's figures by the minute, milliseconds. */
export const minute = 60_000;

/** A minute of which nothing is there is waited for this long after it was due, milliseconds: longer than its figures ever take. */
const lateness = 3 * minute;
/** Minutes that are read once more, for what CloudWatch got only after they were counted. */
const readAgain = 3;

/** Figures by name, then by the start of their minute, milliseconds since 1970. What CloudWatch has no figure of is not there. */
export type Figures = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Figures of one slot, `<slot>_<kind>`. */
export const slotFigures = [
  "requests",
  "failed",
  "unconnected",
  "responses",
  "fastPercent",
  "jobsOk",
  "jobsFailed",
] as const;
/** Figures that only the load balancer has: what it answered itself. */
export const ownFigures = ["own502", "own503", "own504"] as const;

const counts = z.strictObject({ requests: z.number(), errors: z.number(), slow: z.number() });
const counted = z.strictObject({ blue: counts, green: counts, own: z.number() });
/** What one minute had. `own`: answers 502, 503 and 504 of the load balancer itself. */
export type Counted = z.infer<typeof counted>;

/** Where the last look ended. */
export const minuteCursor = z.strictObject({
  source: z.literal("cloudwatch"),
  /** Start of the next minute to be counted, milliseconds since 1970. */
  next: z.number(),
  /** The newest minutes by their start, as they were counted. */
  counted: z.record(z.string(), counted),
});
export type MinuteCursor = z.infer<typeof minuteCursor>;

/** The starting point: the minute that `now` is in is the first to be counted. */
export const startMinute = (now: number): MinuteCursor => ({
  source: "cloudwatch",
  next: Math.floor(now / minute) * minute,
  counted: {},
});

/** When the cursor's next minute may be counted. */
export const dueAt = ({ next }: MinuteCursor, settle: number): number => next + minute + settle;

const nothing = (): Counted => ({ blue: none(), green: none(), own: 0 });
const none = (): SlotCounts => ({ requests: 0, errors: 0, slow: 0 });

/**
 * What a minute had, or undefined where CloudWatch does not know (yet). It has figures only of what happened: a count that
 * is absent is 0 where some slot has requests, and nothing is known where neither has. A connection that was refused counts
 * as an error of its slot, and no longer as the load balancer's own 502, which carries no slot.
 */
export function countMinute(figures: Figures, start: number): Counted | undefined {
  const figure = (name: string) => figures.get(name)?.get(start);
  const known = nothing();
  let unconnected = 0;
  if (!hasRequests(figures, start)) return undefined;
  for (const slot of slots) {
    const of = (kind: (typeof slotFigures)[number]) => figure(`${slot}_${kind}`) ?? 0;
    const requests = of("requests");
    const responses = of("responses");
    const fast = figure(`${slot}_fastPercent`);
    if (responses > 0 && fast === undefined) return undefined;
    unconnected += of("unconnected");
    known[slot] = {
      requests,
      errors: Math.min(requests, of("failed") + of("unconnected")),
      slow: Math.min(requests, Math.max(0, Math.round(responses * (1 - (fast ?? 100) / 100)))),
    };
  }
  const own = ownFigures.reduce((sum, name) => sum + (figure(name) ?? 0), 0);
  return { ...known, own: Math.max(0, own - unconnected) };
}

const hasRequests = (figures: Figures, start: number): boolean =>
  slots.some((slot) => figures.get(`${slot}_requests`)?.has(start));

/** Takes every minute that is due, in order, each once; `settle` is how long after its end one is due, milliseconds. */
export function advance(
  cursor: MinuteCursor,
  figures: Figures,
  now: number,
  settle: number,
  canary: Slot,
  hasJobs: boolean,
): { cursor: MinuteCursor; intervals: Measured[] } {
  const intervals: Measured[] = [];
  const kept = new Map(Object.entries(cursor.counted).map(([start, known]) => [Number(start), known]));
  const newest = Math.max(...slots.flatMap((slot) => [...(figures.get(`${slot}_requests`)?.keys() ?? [])]));
  let { next } = cursor;
  for (; dueAt({ ...cursor, next }, settle) <= now; next += minute) {
    const at = next + minute;
    // A later minute is there already, and of this one no request: then it had none.
    const isEmpty = newest > next && !hasRequests(figures, next);
    const known = isEmpty ? nothing() : countMinute(figures, next);
    if (!known && now < at + settle + lateness) break;
    const jobs = hasJobs ? { jobs: jobsIn(figures, next, canary) } : {};
    if (!known) {
      intervals.push({ at, seconds: 60, slots: "unknown", loadBalancer5xx: "unknown", ...jobs });
      continue;
    }
    const sum = sumOf([known, ...arrivedLate(figures, kept)]);
    kept.set(next, known);
    const seen = { canary: sum[canary], live: sum[other(canary)] };
    intervals.push({ at, seconds: 60, slots: seen, loadBalancer5xx: sum.own, ...jobs });
  }
  const newestKept = [...kept].sort(([one], [two]) => one - two).slice(-readAgain);
  return {
    cursor: {
      source: "cloudwatch",
      next,
      counted: Object.fromEntries(newestKept.map(([start, known]) => [String(start), known])),
    },
    intervals,
  };
}

/** What earlier minutes have more now than when they were counted; the minutes are brought up to date. */
function arrivedLate(figures: Figures, kept: Map<number, Counted>): Counted[] {
  return [...kept].flatMap(([start, before]) => {
    const now = countMinute(figures, start);
    if (!now) return [];
    const most = (one: SlotCounts, two: SlotCounts): SlotCounts => ({
      requests: Math.max(one.requests, two.requests),
      errors: Math.max(one.errors, two.errors),
      slow: Math.max(one.slow, two.slow),
    });
    const after: Counted = {
      blue: most(before.blue, now.blue),
      green: most(before.green, now.green),
      own: Math.max(before.own, now.own),
    };
    kept.set(start, after);
    return [sumOf([after], before)];
  });
}

/** The sum of minutes, less `minus`. */
export function sumOf(minutes: readonly Counted[], minus = nothing()): Counted {
  const of = (slot: Slot, kind: keyof SlotCounts) =>
    minutes.reduce((sum, one) => sum + one[slot][kind], -minus[slot][kind]);
  const slot = (name: Slot) => ({
    requests: of(name, "requests"),
    errors: of(name, "errors"),
    slow: of(name, "slow"),
  });
  return {
    blue: slot("blue"),
    green: slot("green"),
    own: minutes.reduce((sum, one) => sum + one.own, -minus.own),
  };
}

/** Jobs of a minute. Workers say each minute how many they did, also none: a canary that says nothing is unknown. */
function jobsIn(figures: Figures, start: number, canary: Slot): Measured["jobs"] & {} {
  const tally = (slot: Slot) => {
    const [ok, failed] = (["jobsOk", "jobsFailed"] as const).map((kind) =>
      figures.get(`${slot}_${kind}`)?.get(start),
    );
    return ok === undefined && failed === undefined ? undefined : { ok: ok ?? 0, failed: failed ?? 0 };
  };
  const own = tally(canary);
  return own ? { canary: own, live: tally(other(canary)) ?? { ok: 0, failed: 0 } } : "unknown";
}
