import type { Document } from "yaml";

/** What the working copy's stack files say instead of the committed ones: addresses, and the durations and sample sizes of the gate. */

/** The only settings of `gate` that a rehearsal changes, so that a release takes a minute; the README prints this table. */
export const rehearsedGate = { holdSeconds: 15, deadlineSeconds: 45, minRequests: 50, bakeMinutes: 0.25 };

/** Addresses of one stack in the rehearsal. */
export interface Addresses {
  listenerArn: string;
  /** The network that the listener is in. */
  vpcId: string;
  /** Where the load balancer listens. */
  url: string;
  /** Where Prometheus answers. */
  prometheus: string;
  /** Where the database's backups and log archive are. */
  recovery: Record<string, string>;
  /** Where PostgreSQL listens, on 127.0.0.1. */
  postgresPort: number;
}

/** Puts the rehearsal's values into a stack file; everything else stays as committed. */
export function replaceAddresses(file: Document, addresses: Addresses): void {
  const set = (key: string, value: Record<string, unknown>) => {
    for (const [name, one] of Object.entries(value))
      file.setIn(["config", `deployment-safety:${key}`, name], one);
  };
  set("network", { listenerArn: addresses.listenerArn, vpcId: addresses.vpcId, url: addresses.url });
  set("metrics", { source: "prometheus", url: addresses.prometheus });
  set("database", { recovery: addresses.recovery });
  set("gate", rehearsedGate);
  const server = { host: "127.0.0.1", port: addresses.postgresPort, username: "school" };
  if (file.hasIn(["config", "postgresql:host"]))
    for (const [name, one] of Object.entries(server)) file.setIn(["config", `postgresql:${name}`], one);
}
