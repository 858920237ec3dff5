import { CloudWatchClient, type MetricDatum, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import type { Served } from "./proxy";
import type { Snapshot } from "./snapshot";

/** Length of a period, milliseconds. */
const minute = 60_000;
/** Distinct values that CloudWatch takes in one datum. */
const maxValues = 150;

/** How often each value came. */
type Figure = Pick<MetricDatum, "MetricName" | "Dimensions"> & { counts: Map<number, number> };

/** Counts what is served: at once as Prometheus text, by the minute and late as CloudWatch metrics. */
export function createMetrics(newest: () => Snapshot) {
  const counters = new Map<string, number>();
  let figures = new Map<string, Figure>();

  /** A figure of the load balancer, and of its target group where it has one. */
  function add(MetricName: string, value: number, listener: string, group?: string) {
    const of = [{ Name: "LoadBalancer", Value: listener.split("/").slice(1, 4).join("/") }];
    const targets = group ? [{ Name: "TargetGroup", Value: group.split(":").at(-1) ?? "" }] : [];
    for (const Dimensions of group ? [of, [...of, ...targets]] : [of]) {
      const key = JSON.stringify([MetricName, Dimensions]);
      const { counts } = figures.get(key) ?? { counts: new Map<number, number>() };
      figures.set(key, { MetricName, Dimensions, counts: counts.set(value, (counts.get(value) ?? 0) + 1) });
    }
  }

  function served({ listener, group, code, from, seconds, unconnected }: Served) {
    const labels = `listener="${listener.port}",code="${code}"`;
    const count = (series: string) => counters.set(series, (counters.get(series) ?? 0) + 1);
    if (group) count(`lb_requests_total{target_group="${group.name}",${labels}}`);
    if (from === "fixed response") count(`lb_fixed_responses_total{${labels}}`);
    if (from === "load balancer" && code >= 500) count(`lb_elb_5xx_total{${labels}}`);
    // AWS counts a request once a target was chosen for it, and gives no figure where there is no 5xx
    const chosen = from === "target" || (from === "load balancer" && code !== 503);
    if (chosen) add("RequestCount", 1, listener.arn, group?.arn);
    if (from === "target" && code >= 500) add("HTTPCode_Target_5XX_Count", 1, listener.arn, group?.arn);
    if (unconnected) add("TargetConnectionErrorCount", 1, listener.arn, group?.arn);
    if (from !== "target" && code >= 500)
      for (const codes of ["5XX", code]) add(`HTTPCode_ELB_${codes}_Count`, 1, listener.arn);
    // Two digits are enough for any percentile, and keep the number of distinct values small
    if (seconds !== undefined)
      add("TargetResponseTime", Number(seconds.toPrecision(2)), listener.arn, group?.arn);
  }

  /** The figures since the last call, for CloudWatch. */
  function take(start: Date): MetricDatum[] {
    for (const listener of newest().listeners) {
      const used = newest().targetGroups.filter(({ arn }) => JSON.stringify(listener).includes(arn));
      for (const { arn, targets } of used) {
        const inState = (wanted: string) => targets.filter(({ state }) => state === wanted).length;
        add("HealthyHostCount", inState("healthy"), listener.arn, arn);
        add("UnHealthyHostCount", inState("unhealthy"), listener.arn, arn);
      }
    }
    const taken = [...figures.values()].flatMap(({ counts, ...figure }) => {
      const all = [...counts];
      return Array.from({ length: Math.ceil(all.length / maxValues) }, (_, index) => {
        const some = all.slice(index * maxValues, (index + 1) * maxValues);
        const Unit = figure.MetricName === "TargetResponseTime" ? ("Seconds" as const) : ("Count" as const);
        const [Values, Counts] = [some.map(([value]) => value), some.map(([, count]) => count)];
        return { ...figure, Unit, Values, Counts, Timestamp: start };
      });
    });
    figures = new Map();
    return taken;
  }

  const text = () => [...counters].map(([series, value]) => `${series} ${value}\n`).join("");
  return { served, text, take };
}

/** Puts each minute's figures into CloudWatch `lag` milliseconds after its end, for a real load balancer's arrive late. */
export function publishMetrics(take: (start: Date) => MetricDatum[], lag: number): void {
  const cloudWatch = new CloudWatchClient({ disableRequestCompression: true });
  const put = (MetricData: MetricDatum[]) =>
    cloudWatch
      .send(new PutMetricDataCommand({ Namespace: "AWS/ApplicationELB", MetricData }))
      .catch(console.error);
  const atNextMinute = () => {
    const end = Math.ceil((Date.now() + 1) / minute) * minute;
    setTimeout(() => {
      const taken = take(new Date(end - minute));
      if (taken.length > 0) setTimeout(() => void put(taken), lag);
      atNextMinute();
    }, end - Date.now());
  };
  atNextMinute();
}
