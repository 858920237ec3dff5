import type { MetricSource, SourceArgs } from "./measured";
import { createCloudWatchSource } from "./cloudwatch";
import { createPrometheusSource } from "./prometheus";

export type { Poll, Measured, MetricSource } from "./measured";

/** The source that `metrics.source` names; config without the address that Prometheus needs does not come this far. */
export function metricSource(args: SourceArgs): MetricSource {
  return args.settings.metrics.source === "prometheus"
    ? createPrometheusSource(args)
    : createCloudWatchSource(args);
}
