import { burnRate, spentPart, type Objective, type ServiceCounts } from "../gate/errorBudget";
import { slots, type Slot } from "../stack/names";

/** What one slot had in one step of time. */
export interface TrafficStep extends ServiceCounts {
  /** End of the step, milliseconds since 1970. */
  at: number;
  slot: Slot;
  /** 95th percentile of the time to an answer, milliseconds; absent where there was no request, or no histogram. */
  p95Ms?: number;
}

/** Both slots over some time, in steps of equal length. */
export interface TrafficSeries {
  /** Length of a step, seconds. */
  stepSeconds: number;
  /** By time; a slot without pods has no step. */
  steps: readonly TrafficStep[];
}

/** A picture is drawn from at most so many steps; more of them than pixels tell nothing. */
const mostSteps = 160;

/** Step for a series from `from` to `to` (milliseconds since 1970): a multiple of `least`, seconds. */
export const stepFor = (from: number, to: number, least: number): number =>
  Math.max(1, Math.ceil((to - from) / 1000 / mostSteps / least)) * least;

/**
 * What counters grew by at each of their values. The first value is where counting begins, unless the counter was not
 * there at `from`: then it was born since, and began at 0. A counter that fell was begun anew.
 */
export function growth(
  values: readonly (readonly [at: number, value: number])[],
  from: number,
): { at: number; grew: number }[] {
  let before: number | undefined;
  return values.map(([at, value]) => {
    const isStart = before === undefined && at <= from;
    const base = before ?? (isStart ? value : 0);
    before = value;
    return { at, grew: value >= base ? value - base : value };
  });
}

const sum = (steps: readonly ServiceCounts[], kind: keyof ServiceCounts): number =>
  steps.reduce((all, step) => all + step[kind], 0);

/** Requests and errors in all, of one slot or of both. */
export function totalOf(series: TrafficSeries, slot?: Slot): ServiceCounts {
  const own = series.steps.filter((step) => slot === undefined || step.slot === slot);
  return { requests: Math.round(sum(own, "requests")), errors: Math.round(sum(own, "errors")) };
}

/** The middle one of the slot's 95th percentiles: what people waited, without the one bad step. */
export function usualLatency(series: TrafficSeries, slot: Slot): number | undefined {
  const known = series.steps
    .flatMap((step) => (step.slot === slot && step.p95Ms !== undefined ? [step.p95Ms] : []))
    .sort((one, two) => one - two);
  return known[Math.floor(known.length / 2)];
}

/** The part of the traffic that a slot has at a time, milliseconds since 1970. */
export interface TrafficShare {
  at: number;
  slot: Slot;
  percent: number;
}

/** Share of each step's requests that a slot had; steps without any request are left out. */
export function shares(series: TrafficSeries): TrafficShare[] {
  return byTime(series).flatMap(([at, both]) => {
    const all = sum(both, "requests");
    if (all <= 0) return [];
    const of = (slot: Slot) => both.find((step) => step.slot === slot)?.requests ?? 0;
    return slots.map((slot) => ({ at, slot, percent: (100 * of(slot)) / all }));
  });
}

/** Steps by their time, in order. */
function byTime(series: TrafficSeries): [number, TrafficStep[]][] {
  const times = new Map<number, TrafficStep[]>();
  for (const step of series.steps) times.set(step.at, [...(times.get(step.at) ?? []), step]);
  return [...times].sort(([one], [two]) => one - two);
}

/** What is left of the error budget over time, and how fast it burns. */
export interface BurnStep {
  at: number;
  /** Part of the budget that was spent since the series began; 1 is all of it. Absent: the budget is not known. */
  spent?: number;
  /** How many times as fast as allowed over the last five minutes. */
  burn: number;
}

/** Milliseconds over which a burn rate is taken: the short window of the fast burn. */
const burnWindow = 300_000;

/** How the error budget went: `budget` is what its whole window had, if that is known. */
export function burnOf(series: TrafficSeries, slo: Objective, budget: ServiceCounts | undefined): BurnStep[] {
  let errors = 0;
  const recent: TrafficStep[] = [];
  return byTime(series).map(([at, both]) => {
    errors += sum(both, "errors");
    recent.push(...both);
    while ((recent[0]?.at ?? at) <= at - burnWindow) recent.shift();
    const burn = burnRate({ requests: sum(recent, "requests"), errors: sum(recent, "errors") }, slo);
    return { at, burn, ...(budget && { spent: spentPart(errors, budget, slo) }) };
  });
}
