import { writeFileSync } from "node:fs";
import { stringify } from "yaml";

/**
 * Writes the config of a real Prometheus that scrapes the application's pods once a second.
 * It asks the node for them by HTTP discovery, because Debian's Prometheus is built without Kubernetes discovery.
 */
export function writePrometheusConfig(file: string, targetsUrl: string): void {
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [{ job_name: "pods", http_sd_configs: [{ url: targetsUrl, refresh_interval: "1s" }] }],
  };
  writeFileSync(file, stringify(config));
}
