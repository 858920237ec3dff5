import type { Settings } from "../../../decisions/config";
import type { LoadBalancer } from "../loadBalancer";
import type { MetricSource } from "./measured";
import { createCloudWatchSource } from "./cloudwatch";
import { createPrometheusSource } from "./prometheus";

export type { Look, Measured, MetricSource } from "./measured";

/** What a source needs besides the settings. */
export interface SourceArgs {
  stack: string;
  settings: Pick<Settings, "metrics" | "slo" | "sizing" | "network">;
  /** AWS region; absent: what the environment says. */
  region: string | undefined;
  /** By its rules a slot's target group is found. */
  loadBalancer: Pick<LoadBalancer, "route">;
}

/** The source that `metrics.source` names; config without the address that Prometheus needs does not come this far. */
export function metricSource(args: SourceArgs): MetricSource {
  return args.settings.metrics.source === "prometheus"
    ? createPrometheusSource(args)
    : createCloudWatchSource(args);
}
