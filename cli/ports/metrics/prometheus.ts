import type { z } from "zod";
import type { ServiceWindows } from "../../../decisions/gate/errorBudget";
import { other, slots, type Slot } from "../../../decisions/stack/names";
import { counterCursor, increments, startAt, type Counts, type PodCounters } from "./increments";
import type { Poll, Measured, MetricSource, SourceArgs } from "./measured";
import { prometheusSeries } from "./prometheusSeries";
import { askPrometheus, whyNot } from "./prometheusQuery";
import { readPods, slowBound } from "./series";
import { serviceWindows } from "./serviceWindows";

/** A look that takes longer is no answer, milliseconds: the next look is a second away. */
const lookTimeout = 2_000;
/** The same for the service's windows, which reach back over days. */
const windowsTimeout = 10_000;
/** Scrapes that may be missing before a pod's counters are out of date. */
const missedScrapes = 3;

/** Counters as they were at one moment of Prometheus' clock. */
interface Snapshot {
  /** Milliseconds since 1970, by Prometheus' clock. */
  now: number;
  pods: PodCounters[];
  /** Bound of the bucket that tells slow requests, seconds; 0 where there is none. */
  bound: number;
  reasons: string[];
}

/**
 * Counts from Prometheus: the pods' cumulative counters are read, and what they grew by is worked out here, because
 * `increase` and `rate` extrapolate and do not see what a new pod or a new series begins with. One query reads all of
 * them, so that requests and errors are of the same scrape.
 */
export const createPrometheusSource = (args: Pick<SourceArgs, "stack" | "settings">): MetricSource =>
  new PrometheusSource(args);

class PrometheusSource implements MetricSource {
  readonly series: MetricSource["series"];
  private readonly ask: ReturnType<typeof askPrometheus>;
  /** Label matchers that this stack's pods have and no others. */
  private readonly matchers: readonly string[];
  private readonly staleSeconds: number;

  constructor(private readonly args: Pick<SourceArgs, "stack" | "settings">) {
    const { metrics } = args.settings;
    const { names, scrapeSeconds } = metrics;
    this.staleSeconds = missedScrapes * scrapeSeconds;
    this.matchers = Object.entries({ stack: args.stack, ...metrics.labels }).map(
      ([label, value]) => `${label}=${JSON.stringify(value)}`,
    );
    this.ask = askPrometheus(metrics.url ?? "");
    this.series = prometheusSeries({ ask: this.ask, names, scrapeSeconds, matchers: this.matchers });
  }

  async since(given: unknown, canary: Slot, signal?: AbortSignal): Promise<Poll> {
    const { now, pods, bound, reasons } = await this.snapshot(undefined, signal);
    const parsed = counterCursor.safeParse(given);
    const lacking = [...reasons, ...slots.flatMap((slot) => this.missing(pods, slot))];
    if (!parsed.success) {
      // Without the live slot there is nothing to compare with, so that nothing begins here.
      if (this.missing(pods, other(canary)).length > 0)
        return { cursor: undefined, intervals: [], reasons: lacking };
      return { cursor: startAt(pods, newest(pods), bound), intervals: [], reasons: lacking };
    }
    const cursor = parsed.data;
    if (lacking.length > 0) return unknownSince(cursor, now, lacking);
    if (bound !== cursor.bound)
      // Pods with other buckets came or went: counts by two bounds cannot be subtracted, so it begins anew from here.
      return unknownSince({ ...startAt(pods, newest(pods), bound), at: cursor.at }, now, [
        `slow requests are told by another bucket now: ${bound} s instead of ${cursor.bound} s`,
      ]);
    const at = newest(pods);
    if (at <= cursor.at) return { cursor, intervals: [], reasons: [] };
    const { cursor: next, slots: counted } = increments(cursor, pods);
    const interval = this.measured(at, (at - cursor.at) / 1000, canary, counted);
    return { cursor: { ...next, at }, intervals: [interval], reasons: [] };
  }

  async before(seconds: number, canary: Slot, signal?: AbortSignal): Promise<Measured> {
    const after = await this.snapshot(undefined, signal);
    const earlier = await this.snapshot(after.now - seconds * 1000, signal);
    const at = newest(after.pods) || after.now;
    const isKnown = ({ pods }: Snapshot) => this.missing(pods, other(canary)).length === 0;
    if (!isKnown(after) || !isKnown(earlier) || after.bound !== earlier.bound)
      return { at, seconds, slots: "unknown" };
    const start = startAt(earlier.pods, newest(earlier.pods), earlier.bound);
    const { slots: counted } = increments(start, after.pods);
    return this.measured(at, Math.max(0.001, (at - start.at) / 1000), canary, counted);
  }

  async service(_canary: Slot, signal?: AbortSignal): Promise<ServiceWindows | "unknown"> {
    const { metrics, slo } = this.args.settings;
    const { requests: name, statusLabel } = metrics.names;
    const requests = `${name}{component="web",${this.matchers.join(",")}}`;
    const errors = `${name}{component="web",${statusLabel}=~"5.*",${this.matchers.join(",")}}`;
    try {
      return await serviceWindows(slo.windowDays, async (end, seconds, step) => {
        const total = async (selector: string) => {
          const { series } = await this.ask(
            "query_range",
            {
              query: `sum(increase(${selector}[${step}s]))`,
              start: String(end - seconds + step),
              end: String(end),
              step: String(step),
            },
            windowsTimeout,
            signal,
          );
          return new Map(series[0]?.values.map(([at, value]) => [at, Number(value)]));
        };
        const [all, failed] = await Promise.all([total(requests), total(errors)]);
        return [...all].map(([at, count]) => ({ at, requests: count, errors: failed.get(at) ?? 0 }));
      });
    } catch {
      signal?.throwIfAborted();
      return "unknown";
    }
  }

  private async snapshot(time?: number, signal?: AbortSignal): Promise<Snapshot> {
    const { metrics, slo } = this.args.settings;
    const { names } = metrics;
    const read = [names.requests, `${names.duration}_count`, `${names.duration}_bucket`, names.jobs].join(
      "|",
    );
    const all = `{__name__=~"${read}",component=~"web|worker",${this.matchers.join(",")}}`;
    const query = `${all}[${Math.ceil(this.staleSeconds)}s]`;
    const asked = { query, ...(time === undefined ? {} : { time: String(time / 1000) }) };
    try {
      const { series, date } = await this.ask("query", asked, lookTimeout, signal);
      // The Date header has whole seconds, so that a scrape may seem to be from the future; that makes nothing stale.
      const now = time ?? date;
      const { bound, known } = slowBound(series, names, slo.latencyMs);
      const pods = readPods(series, names, bound, now - this.staleSeconds * 1000);
      const reasons =
        bound === undefined && known.length > 0
          ? [
              `${names.duration}_bucket has no bound at or below slo.latencyMs, ${slo.latencyMs} ms; all pods have ${known.join(", ")} s. Add a bucket, or raise the objective.`,
            ]
          : [];
      return { now, pods, bound: bound ?? 0, reasons };
    } catch (cause) {
      signal?.throwIfAborted();
      const reason = `Prometheus at ${metrics.url ?? ""} does not tell: ${whyNot(cause)}`;
      return { now: Date.now(), pods: [], bound: 0, reasons: [reason] };
    }
  }

  /** What of a slot is not known from these pods. */
  private missing(pods: readonly PodCounters[], slot: Slot): string[] {
    const { names } = this.args.settings.metrics;
    const own = pods.filter((pod) => pod.slot === slot && pod.counts.requests !== undefined);
    const labels = `{slot="${slot}",component="web",${this.matchers.join(",")}}`;
    if (own.length === 0)
      return [`no sample of ${names.requests}${labels} from the last ${this.staleSeconds} s`];
    if (own.some(({ counts }) => counts.timed === undefined || counts.fast === undefined))
      return [`no usable ${names.duration}${labels} beside ${names.requests}`];
    return [];
  }

  private measured(at: number, seconds: number, canary: Slot, counted: Counted): Measured {
    const { workers } = this.args.settings.sizing;
    // A canary without workers has no results; one that should have some and shows none is not known.
    const isSilent = workers.replicas > 0 && workers.canary > 0;
    return { at, seconds, slots: slotsOf(canary, counted), ...jobsOf(canary, counted, isSilent) };
  }
}

type Counted = Partial<Record<Slot, Counts>>;

function jobsOf(canary: Slot, counted: Counted, isSilent: boolean): Pick<Measured, "jobs"> {
  const tally = (slot: Slot) => {
    const { ok, failed } = counted[slot] ?? {};
    return ok === undefined && failed === undefined ? undefined : { ok: ok ?? 0, failed: failed ?? 0 };
  };
  const [own, live] = [tally(canary), tally(other(canary))];
  if (own) return { jobs: { canary: own, live: live ?? { ok: 0, failed: 0 } } };
  return isSilent ? { jobs: "unknown" } : {};
}

function slotsOf(canary: Slot, counted: Counted): Exclude<Measured["slots"], string> {
  const tally = (slot: Slot) => {
    const { requests = 0, errors = 0, timed = 0, fast = 0 } = counted[slot] ?? {};
    return {
      requests,
      errors: Math.min(errors, requests),
      slow: Math.min(Math.max(0, timed - fast), requests),
    };
  };
  return { canary: tally(canary), live: tally(other(canary)) };
}

const newest = (pods: readonly PodCounters[]): number => pods.reduce((at, pod) => Math.max(at, pod.at), 0);

/** An interval of which nothing is known; none while not even time has passed. */
function unknownSince(cursor: z.infer<typeof counterCursor>, now: number, reasons: string[]): Poll {
  if (now <= cursor.at) return { cursor, intervals: [], reasons };
  const interval: Measured = {
    at: now,
    seconds: (now - cursor.at) / 1000,
    slots: "unknown",
    jobs: "unknown",
  };
  return { cursor: { ...cursor, at: now }, intervals: [interval], reasons };
}
