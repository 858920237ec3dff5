import { CloudWatchClient, type MetricDatum, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import type { Served } from "./proxy";
import type { Snapshot } from "./snapshot";

/** Length of a period, and how long after its end CloudWatch gets its figures, milliseconds. */
const minute = 60_000;

const none = { StatisticValues: { SampleCount: 0, Sum: 0, Minimum: Infinity, Maximum: -Infinity } };
type Datum = MetricDatum & typeof none;

/** Counts what is served: at once as Prometheus text, by the minute and late as CloudWatch metrics. */
export function createMetrics(newest: () => Snapshot) {
  const counters = new Map<string, number>();
  let sums = new Map<string, Datum>();

  function add(MetricName: string, value: number, listener: string, group?: string) {
    const Dimensions = [{ Name: "LoadBalancer", Value: listener.split("/").slice(1, 4).join("/") }];
    if (group) Dimensions.push({ Name: "TargetGroup", Value: group.split(":").at(-1) ?? "" });
    const key = JSON.stringify([MetricName, Dimensions]);
    const had = (sums.get(key) ?? none).StatisticValues;
    const StatisticValues = {
      SampleCount: had.SampleCount + 1,
      Sum: had.Sum + value,
      Minimum: Math.min(had.Minimum, value),
      Maximum: Math.max(had.Maximum, value),
    };
    const Unit = MetricName === "TargetResponseTime" ? "Seconds" : "Count";
    sums.set(key, { MetricName, Dimensions, StatisticValues, Unit });
  }

  function served({ listener, group, code, from, seconds }: Served) {
    const labels = `listener="${listener.port}",code="${code}"`;
    const count = (series: string) => counters.set(series, (counters.get(series) ?? 0) + 1);
    if (group) count(`lb_requests_total{target_group="${group.name}",${labels}}`);
    if (from === "fixed response") count(`lb_fixed_responses_total{${labels}}`);
    if (from === "load balancer" && code >= 500) count(`lb_elb_5xx_total{${labels}}`);
    // AWS counts a request once a target was chosen for it, and gives no figure where there is no 5xx
    const chosen = from === "target" || (from === "load balancer" && code !== 503);
    if (chosen) add("RequestCount", 1, listener.arn, group?.arn);
    if (from === "target" && code >= 500) add("HTTPCode_Target_5XX_Count", 1, listener.arn, group?.arn);
    if (from !== "target" && code >= 500) add("HTTPCode_ELB_5XX_Count", 1, listener.arn);
    if (seconds !== undefined) add("TargetResponseTime", seconds, listener.arn, group?.arn);
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
    const taken = [...sums.values()].map((datum) => ({ ...datum, Timestamp: start }));
    sums = new Map();
    return taken;
  }

  const text = () => [...counters].map(([series, value]) => `${series} ${value}\n`).join("");
  return { served, text, take };
}

/** Puts each minute's figures into CloudWatch a minute late, as a real load balancer's arrive. */
export function publishMetrics(take: (start: Date) => MetricDatum[]): void {
  const cloudWatch = new CloudWatchClient();
  const put = (MetricData: MetricDatum[]) =>
    cloudWatch
      .send(new PutMetricDataCommand({ Namespace: "AWS/ApplicationELB", MetricData }))
      .catch(console.error);
  setInterval(() => {
    const figures = take(new Date(Date.now() - minute));
    if (figures.length > 0) setTimeout(() => void put(figures), minute);
  }, minute);
}
