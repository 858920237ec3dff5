import { canaryShare } from "../release/nextRelease";
import { fastBurns, windowSeconds, type BurnWindow } from "../gate/errorBudget";
import { slots, type Slot } from "../stack/names";
import { dimensions, type AlarmSettings, type Source } from "./alarm";
import { maxFailedPercent } from "./burnRateAlarms";

/** What the dashboard needs besides the settings: the names that CloudWatch gave. */
interface DashboardInput extends AlarmSettings {
  region: string;
  /** What CloudWatch calls the load balancer and each slot's target group. */
  names: Record<Source, string>;
  /** Alarms whose states are shown. */
  alarmArns: readonly string[];
}

type Properties = Record<string, unknown>;

/** Width of the page, and of the graphs: two side by side; CloudWatch's grid has 24 columns. */
const page = 24;
const half = page / 2;
const tall = 6;

const colours: Record<Slot, string> = { blue: "#1f77b4", green: "#2ca02c" };

/**
 * One page on a release, as CloudWatch's PutDashboard takes it: which alarms ring, what each slot gets, its errors, latency,
 * burn and pods. The share that a slot has is the one that is measured, since what config asks for is in `make status` and
 * must not make each step of a release change the page as well. Jobs are shown where the workers put them into CloudWatch;
 * else the page says where they are.
 */
export function dashboard(input: DashboardInput): { widgets: Properties[] } {
  const { stack, settings, alarmArns } = input;
  const title = `Alarms of ${settings.application.name}, ${stack}`;
  const markdown =
    `\`make status STACK=${stack}\` says what runs where and with which weight. If a release causes it: ` +
    `\`make rollback STACK=${stack} VERSION=<last good>\`.${jobsElsewhere(input)}`;
  return {
    widgets: [
      widget({ x: 0, y: 0, width: page, height: 3 }, "alarm", { title, alarms: alarmArns }),
      widget({ x: 0, y: 3, width: page, height: 2 }, "text", { markdown }),
      ...graphs(input).map((properties, index) => {
        const place = { x: (index % 2) * half, y: 5 + Math.floor(index / 2) * tall };
        return widget({ ...place, width: half, height: tall }, "metric", properties);
      }),
    ],
  };
}

const widget = (
  { x, y, width, height }: Record<"x" | "y" | "width" | "height", number>,
  type: "metric" | "alarm" | "text",
  properties: Properties,
): Properties => ({ type, x, y, width, height, properties });

const hidden = { visible: false };

function graphs(input: DashboardInput): Properties[] {
  const { settings } = input;
  const { objective, latencyMs } = settings.slo;
  const balancerAnswers = ["502", "503", "504"].map((code) =>
    line(input, "loadBalancer", `HTTPCode_ELB_${code}_Count`, "Sum", code),
  );
  return [
    graph(
      input,
      "Requests of each slot, a minute",
      slots.map((slot) => line(input, slot, "RequestCount", "Sum", slot, slot)),
      { more: { stacked: true } },
    ),
    graph(
      input,
      "Share of the traffic that each slot has, measured, percent",
      [
        ...slots.map((slot) => line(input, slot, "RequestCount", "Sum", slot, slot, { id: slot, ...hidden })),
        ...slots.map((slot) => computed(slot, "Share", `100 * ${slot} / (blue + green)`)),
      ],
      {
        limits: [{ label: "a canary's share", value: canaryShare }],
        more: { yAxis: { left: { min: 0, max: 100 } } },
      },
    ),
    graph(input, "5xx answers of each slot, percent", failedPercent(input), {
      limits: [
        { label: "alarm", value: settings.alarms.maxErrorPercent },
        { label: "objective", value: Number((100 - objective).toFixed(4)) },
      ],
    }),
    graph(input, "Answers that the load balancer made itself, a minute", [
      ...balancerAnswers,
      ...slots.map((slot) =>
        line(input, slot, "TargetConnectionErrorCount", "Sum", `no connection to ${slot}`, slot),
      ),
    ]),
    graph(
      input,
      "Latency, 95th and 50th percentile, seconds",
      slots.flatMap((slot) => [
        line(input, slot, "TargetResponseTime", "p95", `${slot} p95`, slot),
        line(input, slot, "TargetResponseTime", "p50", `${slot} p50`),
      ]),
      { limits: [{ label: "objective", value: latencyMs / 1000 }] },
    ),
    graph(
      input,
      "Pods: healthy and unhealthy",
      slots.flatMap((slot) => [
        line(input, slot, "HealthyHostCount", "Minimum", `${slot} healthy`, slot),
        line(input, slot, "UnHealthyHostCount", "Maximum", `${slot} unhealthy`),
      ]),
    ),
    ...jobs(input),
    ...fastBurns(settings.slo).flatMap(({ long, short, burn }) =>
      [long, short].map((window) =>
        graph(
          input,
          `Burn of the error budget over ${words[window]}: failed requests, percent`,
          failedPercent(input),
          {
            period: windowSeconds[window],
            limits: [{ label: `${burn} times as fast as allowed`, value: maxFailedPercent(burn, objective) }],
          },
        ),
      ),
    ),
  ];
}

/** One entry of a graph: a metric with its dimensions and options, or an expression. */
type Line = unknown[];

function line(
  { names }: DashboardInput,
  of: Source,
  metricName: string,
  stat: string,
  label: string,
  colour?: Slot,
  more: Properties = {},
): Line {
  const named = Object.entries(dimensions(of, names)).flat();
  const options = { stat, label, ...(colour && { color: colours[colour] }), ...more };
  return ["AWS/ApplicationELB", metricName, ...named, options];
}

/** A slot's line of what an expression over other lines gives. */
const computed = (slot: Slot, what: string, expression: string): Line => [
  { expression, label: slot, id: `${slot}${what}`, color: colours[slot] },
];

/** A graph. Default period: 60 seconds. */
function graph(
  { region }: DashboardInput,
  title: string,
  metrics: Line[],
  given: { period?: number; limits?: { label: string; value: number }[]; more?: Properties } = {},
): Properties {
  return {
    title,
    region,
    period: given.period ?? 60,
    view: "timeSeries",
    metrics,
    yAxis: { left: { min: 0 } },
    ...(given.limits && { annotations: { horizontal: given.limits } }),
    ...given.more,
  };
}

const failedPercent = (input: DashboardInput): Line[] =>
  slots.flatMap((slot) => [
    line(input, slot, "RequestCount", "Sum", slot, slot, { id: `${slot}Requests`, ...hidden }),
    line(input, slot, "HTTPCode_Target_5XX_Count", "Sum", slot, slot, { id: `${slot}Failed`, ...hidden }),
    computed(slot, "Percent", `100 * FILL(${slot}Failed, 0) / ${slot}Requests`),
  ]);

/** Jobs by slot and result, where `metrics.cloudwatch.jobsNamespace` says that the workers report them. */
function jobs(input: DashboardInput): Properties[] {
  const namespace = input.settings.metrics.cloudwatch.jobsNamespace;
  if (namespace === undefined) return [];
  const lines = slots.flatMap((slot) =>
    ["ok", "failed"].map((result): Line => {
      const named = ["Stack", input.stack, "Slot", slot, "Result", result];
      return [namespace, "Jobs", ...named, { stat: "Sum", label: `${slot} ${result}` }];
    }),
  );
  return [graph(input, "Jobs of the workers, a minute", lines)];
}

const jobsElsewhere = ({ stack, settings }: DashboardInput): string =>
  settings.metrics.cloudwatch.jobsNamespace === undefined
    ? ` Jobs of the workers are in Prometheus: \`sum by (slot, result) (rate(${settings.metrics.names.jobs}{stack="${stack}"}[5m]))\`.`
    : "";

const words: Record<BurnWindow, string> = {
  fiveMinutes: "5 minutes",
  halfHour: "30 minutes",
  hour: "an hour",
  sixHours: "6 hours",
};
