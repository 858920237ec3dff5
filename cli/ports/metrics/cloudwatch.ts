import { CloudWatchClient, paginateGetMetricData, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { slots, type Slot } from "../../../decisions/stack/names";
import { stepFor, type TrafficSeries } from "../../../decisions/report/trafficSeries";
import { messageOf } from "../../shell/failure";
import { awsClient } from "../aws";
import type { ServiceWindows } from "../../../decisions/gate/errorBudget";
import type { Measured, MetricSource, Poll, SourceArgs } from "./measured";
import {
  advance,
  countMinute,
  dueAt,
  minute,
  minuteCursor,
  ownFigures,
  startMinute,
  sumOf,
  type Figures,
} from "./minutes";
import { serviceWindows, type Step } from "./serviceWindows";

/** Pause between two calls while a minute that is due is not there yet, milliseconds: each call costs money. */
const askPause = 5_000;
/** Minutes before the cursor that are read once more. */
const lookBack = 3 * minute;

/**
 * Counts from CloudWatch, by the minute and by target group, read in one (paged) call of GetMetricData. Sums of what did
 * not happen are not there; where requests are they are 0. That is done here and not with FILL, which gives nothing for a
 * metric that never had a value.
 *
 * Slow requests are those beyond the percentile rank of `slo.latencyMs`: `PR(:0.5)` is the percentage of responses that
 * took at most half a second.
 */
export const createCloudWatchSource = (args: SourceArgs): MetricSource => new CloudWatchSource(args);

class CloudWatchSource implements MetricSource {
  private readonly client: CloudWatchClient;
  /** CloudWatch knows the load balancer `…:listener/app/<name>/<id>/<listener id>` as `app/<name>/<id>`. */
  private readonly balancer: string;
  /** How long a minute is left to settle, milliseconds. */
  private readonly settle: number;
  private groups: Record<Slot, string> | undefined;
  /** When CloudWatch was asked last for what grew, milliseconds since 1970. */
  private asked = 0;

  constructor(private readonly args: SourceArgs) {
    const { region, settings } = args;
    this.client = new CloudWatchClient(awsClient(region));
    this.balancer = settings.network.listenerArn.split("/").slice(1, 4).join("/");
    this.settle = settings.metrics.cloudwatch.settleSeconds * 1000;
  }

  async since(given: unknown, canary: Slot, signal?: AbortSignal): Promise<Poll> {
    const now = Date.now();
    const parsed = minuteCursor.safeParse(given);
    if (!parsed.success) return { cursor: startMinute(now), intervals: [], reasons: [] };
    const cursor = parsed.data;
    if (now < Math.max(dueAt(cursor, this.settle), this.asked + askPause))
      return { cursor, intervals: [], reasons: [] };
    this.asked = now;
    let figures: Figures = new Map();
    const reasons: string[] = [];
    try {
      figures = await this.minutes(cursor.next - lookBack, now, signal);
    } catch (cause) {
      signal?.throwIfAborted();
      reasons.push(`CloudWatch does not tell: ${messageOf(cause)}`);
    }
    const hasJobs = this.args.settings.metrics.cloudwatch.jobsNamespace !== undefined;
    const { cursor: next, intervals } = advance(cursor, figures, now, this.settle, canary, hasJobs);
    if (next.next === cursor.next && reasons.length === 0)
      reasons.push(
        `CloudWatch has no RequestCount of either target group for the minute of ${new Date(cursor.next).toISOString()} yet`,
      );
    return { cursor: next, intervals, reasons };
  }

  async before(seconds: number, canary: Slot, signal?: AbortSignal): Promise<Measured> {
    const now = Date.now();
    const length = Math.max(1, Math.round((seconds * 1000) / minute));
    const end = Math.floor((now - this.settle) / minute) * minute;
    const start = end - length * minute;
    const unknown = { at: end, seconds: length * 60, slots: "unknown", loadBalancer5xx: "unknown" } as const;
    try {
      const figures = await this.minutes(start, now, signal);
      const known = Array.from(
        { length },
        (_, index) => countMinute(figures, start + index * minute) ?? [],
      ).flat();
      if (known.length === 0) return unknown;
      const sum = sumOf(known);
      const live: Slot = canary === "blue" ? "green" : "blue";
      return {
        at: end,
        seconds: known.length * 60,
        slots: { canary: sum[canary], live: sum[live] },
        loadBalancer5xx: sum.own,
      };
    } catch {
      signal?.throwIfAborted();
      return unknown;
    }
  }

  async series(from: number, to: number, signal?: AbortSignal): Promise<TrafficSeries> {
    const names = await this.targetGroups(signal);
    const step = stepFor(from, to, minute / 1000);
    const queries = slots.flatMap((slot) => [
      ...this.answers(slot, names),
      ofSlot95(slot, this.balancer, names[slot]),
    ]);
    const start = Math.floor(from / step / 1000) * step * 1000;
    return seriesOf(
      await this.read(queries, start, Math.ceil((to + 1) / minute) * minute, step, signal),
      step,
    );
  }

  async service(_canary: Slot, signal?: AbortSignal): Promise<ServiceWindows | "unknown"> {
    try {
      const names = await this.targetGroups(signal);
      const queries = slots.flatMap((slot) => this.answers(slot, names));
      const windows = await serviceWindows(this.args.settings.slo.windowDays, async (end, seconds, step) => {
        // Whole periods: CloudWatch rounds the start of old ones, and the timestamps would not be those asked for.
        const last = Math.ceil(end / step) * step;
        const figures = await this.read(queries, (last - seconds) * 1000, last * 1000, step, signal);
        return stepsOf(figures, last, step);
      });
      // Not one request in all these days: then this is not where they are counted.
      return windows !== "unknown" && windows.budget.requests === 0 ? "unknown" : windows;
    } catch {
      signal?.throwIfAborted();
      return "unknown";
    }
  }

  /** Queries for a slot's requests and those that failed. */
  private answers(slot: Slot, names: Record<Slot, string>): Query[] {
    const queries = ofSlot(slot, this.balancer, names[slot], this.args.settings.slo.latencyMs);
    return queries.filter(({ id }) => /_(requests|failed|unconnected)$/.test(id));
  }

  /** Names of the target groups, of which `Route` has the ARNs: what follows the last colon. */
  private async targetGroups(signal?: AbortSignal): Promise<Record<Slot, string>> {
    if (this.groups) return this.groups;
    const route = await this.args.loadBalancer.route(signal);
    if (!route) throw new Error(`the listener has no rules of stack ${this.args.stack} yet`);
    const name = (slot: Slot) => route.targetGroupArns[slot].split(":").at(-1) ?? "";
    return (this.groups = { blue: name("blue"), green: name("green") });
  }

  /** All figures of the minutes from `from` until now. */
  private async minutes(from: number, now: number, signal?: AbortSignal): Promise<Figures> {
    const names = await this.targetGroups(signal);
    const { stack, settings } = this.args;
    const { jobsNamespace } = settings.metrics.cloudwatch;
    const queries = [
      ...slots.flatMap((slot) => ofSlot(slot, this.balancer, names[slot], settings.slo.latencyMs)),
      ...ownFigures.map((id) => ofBalancer(id, this.balancer)),
      ...(jobsNamespace ? slots.flatMap((slot) => ofWorkers(slot, stack, jobsNamespace)) : []),
    ];
    return this.read(queries, from, Math.ceil((now + 1) / minute) * minute, minute / 1000, signal);
  }

  private async read(queries: Query[], from: number, to: number, period: number, signal?: AbortSignal) {
    const figures = new Map<string, Map<number, number>>();
    const input = {
      StartTime: new Date(from),
      EndTime: new Date(to),
      ScanBy: "TimestampAscending" as const,
      MetricDataQueries: queries.map((query) => metricQuery(query, period)),
    };
    for await (const page of paginateGetMetricData({ client: this.client }, input, { abortSignal: signal }))
      for (const { Id = "", StatusCode, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
        if (StatusCode === "InternalError" || StatusCode === "Forbidden")
          throw new Error(`CloudWatch has no answer for ${Id}: ${StatusCode}`);
        const known = figures.get(Id) ?? new Map<number, number>();
        figures.set(Id, known);
        Timestamps.forEach((at, index) => {
          const value = Values[index];
          if (value !== undefined) known.set(at.getTime(), value);
        });
      }
    return figures;
  }
}

/**
 * Steps from the first one with a request to `end`, or the last one alone; a step without any request had none, as on a quiet
 * night. Seconds since 1970.
 */
function stepsOf(figures: Figures, end: number, step: number): Step[] {
  const of = (name: string, at: number) =>
    slots.reduce((sum, slot) => sum + (figures.get(`${slot}_${name}`)?.get((at - step) * 1000) ?? 0), 0);
  const known = slots.flatMap((slot) => [...(figures.get(`${slot}_requests`)?.keys() ?? [])]);
  const first = Math.min((end - step) * 1000, ...known);
  const steps: Step[] = [];
  for (let at = first / 1000 + step; at <= end; at += step) {
    const requests = of("requests", at);
    steps.push({ at, requests, errors: Math.min(requests, of("failed", at) + of("unconnected", at)) });
  }
  return steps;
}

/** One figure to ask for. */
interface Query {
  id: string;
  namespace: string;
  metric: string;
  statistic: string;
  dimensions: Record<string, string>;
}

const metricQuery = (
  { id, namespace, metric, statistic, dimensions }: Query,
  period: number,
): MetricDataQuery => ({
  Id: id,
  MetricStat: {
    Metric: {
      Namespace: namespace,
      MetricName: metric,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    },
    Period: period,
    Stat: statistic,
  },
});

function ofSlot(slot: Slot, LoadBalancer: string, TargetGroup: string, latencyMs: number): Query[] {
  const one = (kind: string, metric: string, statistic = "Sum"): Query => ({
    id: `${slot}_${kind}`,
    namespace: "AWS/ApplicationELB",
    metric,
    statistic,
    dimensions: { LoadBalancer, TargetGroup },
  });
  return [
    one("requests", "RequestCount"),
    one("failed", "HTTPCode_Target_5XX_Count"),
    one("unconnected", "TargetConnectionErrorCount"),
    one("responses", "TargetResponseTime", "SampleCount"),
    one("fastPercent", "TargetResponseTime", `PR(:${latencyMs / 1000})`),
  ];
}

/** 95th percentile of the time to an answer, seconds. */
const ofSlot95 = (slot: Slot, LoadBalancer: string, TargetGroup: string): Query => ({
  id: `${slot}_p95`,
  namespace: "AWS/ApplicationELB",
  metric: "TargetResponseTime",
  statistic: "p95",
  dimensions: { LoadBalancer, TargetGroup },
});

/** Figures as steps, each at its end; what CloudWatch has no figure of did not happen. */
function seriesOf(figures: Figures, stepSeconds: number): TrafficSeries {
  const steps = slots.flatMap((slot) => {
    const of = (name: string, start: number) => figures.get(`${slot}_${name}`)?.get(start);
    return [...(figures.get(`${slot}_requests`) ?? [])].map(([start, requests]) => {
      const p95 = of("p95", start);
      return {
        at: start + stepSeconds * 1000,
        slot,
        requests,
        errors: Math.min(requests, (of("failed", start) ?? 0) + (of("unconnected", start) ?? 0)),
        ...(p95 !== undefined && { p95Ms: p95 * 1000 }),
      };
    });
  });
  if (steps.length === 0)
    throw new Error("CloudWatch has no RequestCount of either target group in that time");
  return { stepSeconds, steps };
}

/** `own502` -> `HTTPCode_ELB_502_Count`, which no target group has. */
const ofBalancer = (id: string, LoadBalancer: string): Query => ({
  id,
  namespace: "AWS/ApplicationELB",
  metric: `HTTPCode_ELB_${id.slice(-3)}_Count`,
  statistic: "Sum",
  dimensions: { LoadBalancer },
});

/** Jobs that the workers themselves report: metric `Jobs` with the dimensions Stack, Slot and Result. */
const ofWorkers = (slot: Slot, stack: string, namespace: string): Query[] =>
  (["ok", "failed"] as const).map((result) => ({
    id: `${slot}_${result === "ok" ? "jobsOk" : "jobsFailed"}`,
    namespace,
    metric: "Jobs",
    statistic: "Sum",
    dimensions: { Stack: stack, Slot: slot, Result: result },
  }));
