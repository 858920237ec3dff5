import { slots, type Slot } from "../../../decisions/stack/names";
import { growth, stepFor, type TrafficStep } from "../../../decisions/report/trafficSeries";
import type { MetricSource } from "./measured";
import type { Ask } from "./prometheusQuery";
import type { MetricNames } from "./series";

/** A range over days is read from disk, milliseconds. */
const courseTimeout = 10_000;

/** What a course is asked with. */
interface CourseArgs {
  ask: Ask;
  names: MetricNames;
  scrapeSeconds: number;
  /** Label matchers of this application and stack. */
  matchers: readonly string[];
}

/**
 * Both slots' requests, errors and latency over time. Counts are worked out here from each pod's counters, because
 * `increase` does not see what a new pod or a new status begins with, and a bad canary's errors are just that.
 */
export function prometheusSeries({
  ask,
  names,
  scrapeSeconds,
  matchers,
}: CourseArgs): MetricSource["series"] {
  const web = (...more: string[]) => `{${['component="web"', ...more, ...matchers].join(",")}}`;
  const byPod = (...more: string[]) => `sum by (slot, pod, instance) (${names.requests}${web(...more)})`;
  return async (from, to, signal) => {
    const step = stepFor(from, to, scrapeSeconds);
    const over = Math.max(step, 4 * scrapeSeconds);
    const range = { start: String(from / 1000), end: String(to / 1000), step: String(step) };
    const read = async (query: string) =>
      (await ask("query_range", { query, ...range }, courseTimeout, signal)).series;
    const [requests, errors, latency] = await Promise.all([
      read(byPod()),
      read(byPod(`${names.statusLabel}=~"5.*"`)),
      read(`histogram_quantile(0.95, sum by (slot, le) (rate(${names.duration}_bucket${web()}[${over}s])))`),
    ]);
    if (requests.length === 0) throw new Error(`no sample of ${names.requests}${web()} from that time`);
    const steps = new Map<string, TrafficStep>();
    const at = (slot: Slot, time: number): TrafficStep => {
      const key = `${slot} ${time}`;
      const known = steps.get(key) ?? { at: time, slot, requests: 0, errors: 0 };
      steps.set(key, known);
      return known;
    };
    const numbers = (values: readonly [number, string][]) =>
      values.map(([seconds, text]) => [seconds * 1000, Number(text)] as const);
    for (const [series, kind] of [
      [requests, "requests"],
      [errors, "errors"],
    ] as const)
      for (const { metric, values } of series) {
        const slot = slots.find((name) => name === metric.slot);
        if (slot) for (const one of growth(numbers(values), from)) at(slot, one.at)[kind] += one.grew;
      }
    for (const { metric, values } of latency) {
      const slot = slots.find((name) => name === metric.slot);
      for (const [time, seconds] of numbers(values))
        if (slot && Number.isFinite(seconds) && steps.has(`${slot} ${time}`))
          at(slot, time).p95Ms = seconds * 1000;
    }
    return { stepSeconds: step, steps: [...steps.values()].sort((one, two) => one.at - two.at) };
  };
}
