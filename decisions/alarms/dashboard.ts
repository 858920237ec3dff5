import { canaryShare } from "../release/nextRelease";
import { fastBurns, windowSeconds, type BurnWindow } from "../gate/errorBudget";
import { slots, type Slot } from "../stack/names";
import { dimensions, type AlarmSettings, type Source } from "./alarm";
import { maxFailedPercent } from "./burnRateAlarms";

/** What the dashboard needs besides the settings: the names that CloudWatch gave. */
export interface DashboardInput extends AlarmSettings {
  region: string;
  /** What CloudWatch calls the load balancer and each slot's target group. */
  names: Record<Source, string>;
  /** Alarms whose states are shown. */
  alarmArns: readonly string[];
}

/** A dashboard's body, as CloudWatch's PutDashboard takes it. */
export interface Dashboard {
  widgets: Widget[];
}

interface Widget {
  type: "metric" | "alarm" | "text";
  x: number;
  y: number;
  width: number;
  height: number;
  properties: Record<string, unknown>;
}

/** Width of the page, and of the graphs: two side by side; CloudWatch's grid has 24 columns. */
const page = 24;
const half = page / 2;
const tall = 6;

const colours: Record<Slot, string> = { blue: "#1f77b4", green: "#2ca02c" };

/**
 * One page on a release: which alarms ring, what each slot gets, its errors, latency, burn and pods. The share that a slot
 * has is the one that is measured, since what config asks for is in `make status` and must not make each step of a release
 * change the page as well. Jobs are shown where the workers put them into CloudWatch; else the page says where they are.
 */
export function dashboard(input: DashboardInput): Dashboard {
  const { stack, settings, alarmArns } = input;
  const { objective, latencyMs } = settings.slo;
  const graphs = [
    requests(input),
    share(input),
    graph(input, "5xx answers of each slot, percent", 60, failedPercent(input), [
      { label: "alarm", value: settings.alarms.maxErrorPercent },
      { label: "objective", value: Number((100 - objective).toFixed(4)) },
    ]),
    graph(input, "Answers that the load balancer made itself, a minute", 60, [
      ...["502", "503", "504"].map((code) =>
        line(input, "loadBalancer", `HTTPCode_ELB_${code}_Count`, "Sum", code),
      ),
      ...slots.map((slot) =>
        line(input, slot, "TargetConnectionErrorCount", "Sum", `no connection to ${slot}`, slot),
      ),
    ]),
    graph(
      input,
      "Latency, 95th and 50th percentile, seconds",
      60,
      slots.flatMap((slot) => [
        line(input, slot, "TargetResponseTime", "p95", `${slot} p95`, slot),
        line(input, slot, "TargetResponseTime", "p50", `${slot} p50`),
      ]),
      [{ label: "objective", value: latencyMs / 1000 }],
    ),
    graph(
      input,
      "Pods: healthy and unhealthy",
      60,
      slots.flatMap((slot) => [
        line(input, slot, "HealthyHostCount", "Minimum", `${slot} healthy`, slot),
        line(input, slot, "UnHealthyHostCount", "Maximum", `${slot} unhealthy`),
      ]),
    ),
    ...jobs(input),
    ...fastBurns(settings.slo).flatMap(({ long, short, burn }) =>
      [long, short].map((window) => burnGraph(input, window, burn)),
    ),
  ];
  return {
    widgets: [
      at(0, 0, page, 3, "alarm", {
        title: `Alarms of ${settings.application.name}, ${stack}`,
        alarms: alarmArns,
      }),
      at(0, 3, page, 2, "text", {
        markdown:
          `\`make status STACK=${stack}\` says what runs where and with which weight. If a release causes it: ` +
          `\`make rollback STACK=${stack} VERSION=<last good>\`.${jobsElsewhere(input)}`,
      }),
      ...graphs.map((properties, index) =>
        at((index % 2) * half, 5 + Math.floor(index / 2) * tall, half, tall, "metric", properties),
      ),
    ],
  };
}

const at = (
  x: number,
  y: number,
  width: number,
  height: number,
  type: Widget["type"],
  properties: Record<string, unknown>,
): Widget => ({ type, x, y, width, height, properties });

/** One entry of a graph: a metric with its dimensions and options, or an expression. */
type Line = unknown[];

function line(
  { names }: DashboardInput,
  of: Source,
  metricName: string,
  stat: string,
  label: string,
  colour?: Slot,
  more: Record<string, unknown> = {},
): Line {
  const named = Object.entries(dimensions(of, names)).flat();
  const options = { stat, label, ...(colour && { color: colours[colour] }), ...more };
  return ["AWS/ApplicationELB", metricName, ...named, options];
}

function graph(
  { region }: DashboardInput,
  title: string,
  period: number,
  metrics: Line[],
  limits: { label: string; value: number }[] = [],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    title,
    region,
    period,
    view: "timeSeries",
    metrics,
    yAxis: { left: { min: 0 } },
    ...(limits.length > 0 && { annotations: { horizontal: limits } }),
    ...more,
  };
}

const requests = (input: DashboardInput) =>
  graph(
    input,
    "Requests of each slot, a minute",
    60,
    slots.map((slot) => line(input, slot, "RequestCount", "Sum", slot, slot)),
    [],
    { stacked: true },
  );

/** Jobs by slot and result, where `metrics.cloudwatch.jobsNamespace` says that the workers report them. */
function jobs(input: DashboardInput): Record<string, unknown>[] {
  const namespace = input.settings.metrics.cloudwatch.jobsNamespace;
  if (namespace === undefined) return [];
  const lines = slots.flatMap((slot) =>
    ["ok", "failed"].map((result): Line => {
      const named = ["Stack", input.stack, "Slot", slot, "Result", result];
      return [namespace, "Jobs", ...named, { stat: "Sum", label: `${slot} ${result}` }];
    }),
  );
  return [graph(input, "Jobs of the workers, a minute", 60, lines)];
}

const jobsElsewhere = ({ stack, settings }: DashboardInput): string =>
  settings.metrics.cloudwatch.jobsNamespace === undefined
    ? ` Jobs of the workers are in Prometheus: \`sum by (slot, result) (rate(${settings.metrics.names.jobs}{stack="${stack}"}[5m]))\`.`
    : "";

const hidden = { visible: false };

const share = (input: DashboardInput) =>
  graph(
    input,
    "Share of the traffic that each slot has, measured, percent",
    60,
    [
      ...slots.map((slot) => line(input, slot, "RequestCount", "Sum", slot, slot, { id: slot, ...hidden })),
      ...slots.map((slot) => [
        {
          expression: `100 * ${slot} / (blue + green)`,
          label: slot,
          id: `${slot}Share`,
          color: colours[slot],
        },
      ]),
    ],
    [{ label: "a canary's share", value: canaryShare }],
    { yAxis: { left: { min: 0, max: 100 } } },
  );

const failedPercent = (input: DashboardInput): Line[] =>
  slots.flatMap((slot) => [
    line(input, slot, "RequestCount", "Sum", slot, slot, { id: `${slot}Requests`, ...hidden }),
    line(input, slot, "HTTPCode_Target_5XX_Count", "Sum", slot, slot, { id: `${slot}Failed`, ...hidden }),
    [
      {
        expression: `100 * FILL(${slot}Failed, 0) / ${slot}Requests`,
        label: slot,
        id: `${slot}Percent`,
        color: colours[slot],
      },
    ],
  ]);

const words: Record<BurnWindow, string> = {
  fiveMinutes: "5 minutes",
  halfHour: "30 minutes",
  hour: "an hour",
  sixHours: "6 hours",
};

const burnGraph = (input: DashboardInput, window: BurnWindow, burn: number) =>
  graph(
    input,
    `Burn of the error budget over ${words[window]}: failed requests, percent`,
    windowSeconds[window],
    failedPercent(input),
    [
      {
        label: `${burn} times as fast as allowed`,
        value: maxFailedPercent(burn, input.settings.slo.objective),
      },
    ],
  );
