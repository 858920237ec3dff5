import type { Settings } from "../../../decisions/config";
import type { LoadBalancer } from "../loadBalancer";
import type { MetricSource } from "./measured";
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

/** The source that `metrics.source` names. */
export function metricSource(args: SourceArgs): MetricSource {
  const { metrics } = args.settings;
  if (metrics.source === "prometheus" && metrics.url) return createPrometheusSource(args);
  return unknownSource;
}

/** A source that knows nothing: everything is held, nothing passes. */
const unknownSource: MetricSource = {
  since: (cursor) =>
    Promise.resolve({ cursor, intervals: [], reasons: ["No metrics: `metrics.source` names no source."] }),
  before: (seconds) => Promise.resolve({ at: Date.now(), seconds, slots: "unknown" }),
  service: () => Promise.resolve("unknown"),
};
