import { z } from "zod";

export const leaseSchema = z.object({
  /** Identifies the operation; its update messages carry the same id. */
  id: z.string(),
  /** The command's name, for example `deploy`. */
  operation: z.string(),
  /** Version tag that it is about. */
  version: z.string().optional(),
  actor: z.string(),
  /** Host name of the machine it runs on. */
  host: z.string(),
  /** Process id on that host. */
  pid: z.number(),
  /** When it began, ISO time. */
  since: z.string(),
  /** When it last said that it lives, ISO time. */
  heartbeat: z.string(),
  /** Set by a rollback that takes over: the holder stops at its next check. */
  cancelled: z.boolean().optional(),
});
/** The lease of the operation under way: who may change the stack now. */
export type Lease = z.infer<typeof leaseSchema>;

/** Seconds without a heartbeat after which a holder is dead. A holder writes one every few seconds. */
export const leaseSeconds = 30;

/** What this machine can see of processes. */
export interface Here {
  /** Host name of this machine. */
  host: string;
  /** Whether a process with this id runs here. */
  alive: (pid: number) => boolean;
}

/** Dead: same host and no such process, or no heartbeat for {@link leaseSeconds}; an unreadable heartbeat proves nothing, so live. */
export function leaseState(lease: Lease, now: Date, here?: Here): "live" | "dead" {
  if (here && here.host === lease.host && !here.alive(lease.pid)) return "dead";
  const silentSeconds = (now.getTime() - Date.parse(lease.heartbeat)) / 1000;
  return silentSeconds > leaseSeconds ? "dead" : "live";
}

/** The holder for people: operation, version, actor, host, since. */
export const describeLease = (lease: Lease): string =>
  `${lease.operation}${lease.version ? ` of ${lease.version}` : ""} by ${lease.actor} on ${lease.host} (process ${lease.pid}) since ${lease.since}`;
