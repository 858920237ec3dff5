import type { types } from "@pulumi/kubernetes";
import * as apps from "@pulumi/kubernetes/apps/v1";
import * as policy from "@pulumi/kubernetes/policy/v1";
import {
  deploymentTimeout,
  minReadySeconds,
  progressDeadlineSeconds,
  shortTimeout,
  startup,
} from "./timeouts";
import { type PodPlace, podLabels, podSecurity } from "./pod";
import type { WorkloadArgs } from "./slotArgs";

/** What the Deployments of web and workers have in common. */

type PodSpec = types.input.core.v1.PodSpec;

/** What differs between them. */
export interface Workload {
  /** Name in Kubernetes. */
  name: string;
  place: PodPlace;
  replicas: number;
  pod: Pick<PodSpec, "containers" | "readinessGates" | "terminationGracePeriodSeconds">;
}

/** A Deployment and its disruption budget. The Deployment counts as created once every pod is available. */
export function workload(args: WorkloadArgs, { name, place, replicas, pod }: Workload): apps.Deployment {
  const { settings, parent, after, release } = args;
  const labels = podLabels(place);
  const metadata = { name, namespace: settings.cluster.namespace, labels };
  const logicalName = `${args.name}-${place.component}`;
  new policy.PodDisruptionBudget(
    `${logicalName}-budget`,
    // One at a time; with a minimum instead, a Deployment of one pod would block every drain of its node.
    { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: labels } } },
    { parent, customTimeouts: { create: shortTimeout, update: shortTimeout } },
  );
  return new apps.Deployment(
    logicalName,
    {
      metadata: {
        ...metadata,
        annotations: {
          "deployment-safety/version": release.version,
          // The next update reverts a change made by hand instead of failing on it.
          "pulumi.com/patchForce": "true",
        },
      },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        // One wave: the new pods start together, and the old ones stay until those are available. A slot is loaded while it
        // has no traffic, and the cluster has room for two full slots anyway.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "100%" } },
        minReadySeconds,
        progressDeadlineSeconds,
        // A rollback changes weights and config, never a ReplicaSet; two are kept for inspection.
        revisionHistoryLimit: 2,
        template: {
          metadata: { labels, annotations: { "deployment-safety/version": release.version } },
          spec: { ...pod, ...podSecurity, topologySpreadConstraints: spread(labels) },
        },
      },
    },
    {
      parent,
      dependsOn: after,
      customTimeouts: { create: deploymentTimeout, update: deploymentTimeout, delete: deploymentTimeout },
    },
  );
}

/** Over zones first, then over hosts. If a zone is full or lost, a crowded pod is better than none. */
const spread = (matchLabels: Record<string, string>) =>
  ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
  }));

/** The probes of web and workers, which answer each well within its time-out. */
export const probes = {
  // The other two begin only after this one succeeds, so that a slow start is not taken for a dead process.
  startupProbe: { httpGet: { path: "/live", port: "http" }, timeoutSeconds: 1, ...startup },
  // A pod leaves the target group after 10 s and returns after the first success.
  readinessProbe: {
    httpGet: { path: "/ready", port: "http" },
    periodSeconds: 5,
    timeoutSeconds: 2,
    failureThreshold: 2,
  },
  // A pod is restarted after 30 s. /live must not ask the database: a restart would not repair that.
  livenessProbe: {
    httpGet: { path: "/live", port: "http" },
    periodSeconds: 10,
    timeoutSeconds: 3,
    failureThreshold: 3,
  },
};

/** Variables of a pod that belongs to a slot. */
export const slotEnvironment = ({ slot, release, settings }: WorkloadArgs) => [
  { name: "SLOT", value: slot },
  { name: "RELEASE_VERSION", value: release.version },
  { name: "PORT", value: String(settings.application.port) },
  { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
];
