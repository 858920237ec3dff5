import { slots, type Slot } from "../../../decisions/stack/names";
import type { Kind, PodCounters } from "./increments";

/** One series as Prometheus answers it: labels, and samples of seconds since 1970 and value. */
export interface Series {
  metric: Record<string, string>;
  values: [number, string][];
}

/** What the application's metrics are called; the defaults are in decisions/stack/config.ts. */
export interface MetricNames {
  requests: string;
  statusLabel: string;
  duration: string;
  jobs: string;
  resultLabel: string;
}

/** The bound of a histogram's bucket, seconds; `Infinity` for the last one. */
const boundOf = ({ metric }: Series): number =>
  metric.le === "+Inf" ? Infinity : Number.parseFloat(metric.le ?? "");

/**
 * The bucket by which slow requests are told: the greatest bound that is not above the objective and that all pods have.
 * Where no bound equals the objective, more requests are slow than the objective says, of both slots alike. The other way
 * round a canary could become slower than the objective unseen. Undefined: there is no such bound; `known` are those that are.
 */
export function slowBound(
  series: readonly Series[],
  names: MetricNames,
  latencyMs: number,
): { bound: number | undefined; known: number[] } {
  const byPod = new Map<string, Set<number>>();
  for (const one of series) {
    if (one.metric.__name__ !== `${names.duration}_bucket`) continue;
    const pod = podOf(one.metric);
    byPod.set(pod, (byPod.get(pod) ?? new Set()).add(boundOf(one)));
  }
  const [first, ...others] = byPod.values();
  const known = [...(first ?? [])]
    .filter((bound) => others.every((bounds) => bounds.has(bound)))
    .sort((one, two) => one - two);
  return { bound: known.filter((bound) => bound <= latencyMs / 1000 + 1e-9).at(-1), known };
}

/** Pods are told apart by `pod`, or by `instance` where the scrape gives no such label. */
const podOf = (metric: Record<string, string>): string =>
  `${metric.slot ?? ""}/${metric.pod ?? metric.instance ?? ""}`;

/**
 * Each pod's counters as its newest scrape had them. Series that the newest scrape no longer had are left out; pods whose
 * newest scrape is older than `oldest` (milliseconds since 1970) too, for nothing is known of them.
 */
export function readPods(
  series: readonly Series[],
  names: MetricNames,
  bound: number | undefined,
  oldest: number,
): PodCounters[] {
  const pods = new Map<string, PodCounters>();
  for (const one of series) {
    const { slot } = one.metric;
    const kind = kindsOf(one, names, bound);
    const [seconds, text] = one.values.at(-1) ?? [];
    if (!isSlot(slot) || kind.length === 0 || seconds === undefined) continue;
    const at = Math.round(seconds * 1000);
    const value = Number(text);
    const name = podOf(one.metric);
    let pod = pods.get(name);
    if (!pod || pod.at < at)
      pods.set(name, (pod = { slot, pod: name.slice(slot.length + 1), at, counts: {} }));
    if (pod.at > at || !Number.isFinite(value)) continue;
    for (const each of kind) pod.counts[each] = (pod.counts[each] ?? 0) + value;
  }
  return [...pods.values()].filter(({ at }) => at >= oldest);
}

const isSlot = (text: string | undefined): text is Slot => slots.some((slot) => slot === text);

/** What a series counts: nothing of interest, one kind, or (a failed request) two. */
function kindsOf(one: Series, names: MetricNames, bound: number | undefined): Kind[] {
  const { __name__: name, component, [names.statusLabel]: status } = one.metric;
  if (component === "worker" && name === names.jobs)
    return [one.metric[names.resultLabel] === "failed" ? "failed" : "ok"];
  if (component !== "web") return [];
  if (name === names.requests) return status?.startsWith("5") ? ["requests", "errors"] : ["requests"];
  if (name === `${names.duration}_count`) return ["timed"];
  if (name === `${names.duration}_bucket` && bound !== undefined && boundOf(one) === bound) return ["fast"];
  return [];
}
