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

/** What a Deployment of web has in common with one of workers. */

type PodSpec = types.input.core.v1.PodSpec;

/** What differs between the two. */
export interface Workload {
  /** Name in Kubernetes, and last part of the logical names. */
  name: string;
  place: PodPlace;
  replicas: number;
  pod: Pick<PodSpec, "containers" | "readinessGates" | "terminationGracePeriodSeconds">;
}

/** A Deployment and its disruption budget; the Deployment is there once every pod is available. */
export function workload(args: WorkloadArgs, { name, place, replicas, pod }: Workload): apps.Deployment {
  const { settings, parent, after, release } = args;
  const labels = podLabels(place);
  const metadata = { name, namespace: settings.cluster.namespace, labels };
  const logicalName = `${args.name}-${place.component}`;
  new policy.PodDisruptionBudget(
    `${logicalName}-budget`,
    // One at a time, rather than a minimum that a Deployment of one could never spare: that would block a node's drain.
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
          // What somebody changed by hand at night is taken back by the next update instead of failing it.
          "pulumi.com/patchForce": "true",
        },
      },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        // One wave: the new pods start together and the old ones stay until they are available. A slot is loaded while
        // it has no traffic, and the cluster has room for two full slots anyway.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "100%" } },
        minReadySeconds,
        progressDeadlineSeconds,
        // Going back is a change of weights and of config, never of a ReplicaSet; two are kept for whoever looks.
        revisionHistoryLimit: 2,
        template: {
          metadata: { labels, annotations: { "deployment-safety/version": release.version } },
          spec: { ...podSecurity, topologySpreadConstraints: spread(labels), ...pod },
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

/** Over zones first, then over hosts. Where a zone is full or lost a crowded pod is better than none. */
const spread = (matchLabels: Record<string, string>) =>
  ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
  }));

/** The three questions that Kubernetes asks a pod of either kind. Each has an answer well within its time-out. */
export const probes = {
  // Until it first answers, neither of the other two is asked: a slow start is not a dead process.
  startupProbe: { httpGet: { path: "/live", port: "http" }, timeoutSeconds: 1, ...startup },
  // Out of the target group after 10 s, back after the first good answer.
  readinessProbe: {
    httpGet: { path: "/ready", port: "http" },
    periodSeconds: 5,
    timeoutSeconds: 2,
    failureThreshold: 2,
  },
  // Restarted after 30 s. It must not ask the database: a restart would not bring that back.
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
