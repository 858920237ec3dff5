import type { V1Pod } from "@kubernetes/client-node";
import { labels } from "../../../decisions/stack/names";

/** A group of targets as Prometheus's HTTP service discovery reads it. */
interface ScrapeTarget {
  targets: string[];
  labels: Record<string, string>;
}

/** The application's running pods, with the labels that Kubernetes discovery would give them in a real cluster. */
export function scrapeTargets(pods: readonly V1Pod[]): ScrapeTarget[] {
  return pods.flatMap(({ metadata, spec, status }) => {
    const slot = metadata?.labels?.[labels.slot];
    const port = spec?.containers[0]?.ports?.[0]?.containerPort;
    if (!slot || !port || !status?.podIP || status.phase !== "Running") return [];
    return {
      targets: [`${status.podIP}:${port}`],
      labels: {
        stack: (metadata.namespace ?? "").replace(/^school-/, ""),
        slot,
        component: metadata.labels?.[labels.component] ?? "",
        pod: metadata.name ?? "",
      },
    };
  });
}
