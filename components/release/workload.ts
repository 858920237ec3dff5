import type { Resource } from "@pulumi/pulumi";
import type { types } from "@pulumi/kubernetes";
import * as apps from "@pulumi/kubernetes/apps/v1";
import * as policy from "@pulumi/kubernetes/policy/v1";
import { slotAllocations } from "../../decisions/release/trafficWeights";
import type { Settings, SlotRelease } from "../../decisions/stack/config";
import { type Slot, objects, targetHealthGate } from "../../decisions/stack/names";
import {
  deploymentTimeout,
  minReadySeconds,
  podShutdown,
  progressDeadlineSeconds,
  shortTimeout,
  startup,
  workerGraceSeconds,
} from "./timeouts";
import { type PodContent, container, podLabels, podSecurity } from "./pod";

/** The workloads of a slot that holds a release: web and workers. */

export interface WorkloadArgs {
  /** Prefix of the logical names of everything in the slot. */
  name: string;
  /** The component that owns the slot. */
  parent: Resource;
  stack: string;
  slot: Slot;
  settings: Settings;
  /** What must be done before a pod of the slot starts: the migration. */
  after: Resource[];
  release: SlotRelease;
}

/**
 * The web process, always at full size: neither promoting a canary nor returning traffic to a standby may wait for pods.
 *
 * A pod is ready only once its target is healthy in the load balancer. The controller's webhook would add the readiness gate,
 * but Kubernetes ignores a webhook that is down, and the gate would silently be missing; so it is declared here.
 */
export function webWorkload(args: WorkloadArgs): apps.Deployment {
  const { sizing, application, network, release } = args.settings;
  const { preStopSeconds, graceSeconds } = podShutdown(network.deregistrationSeconds);
  const name = objects.web(args.slot);
  return workload(args, {
    name,
    component: "web",
    replicas: slotAllocations(release, sizing)[args.slot].web,
    command: application.web,
    resources: sizing.web.resources,
    pod: {
      readinessGates: [{ conditionType: targetHealthGate(name) }],
      terminationGracePeriodSeconds: graceSeconds,
    },
    lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
  });
}

/** The workers; decisions/release/trafficWeights.ts decides how many. */
export function workerWorkload(args: WorkloadArgs): apps.Deployment {
  const { sizing, application, release } = args.settings;
  return workload(args, {
    name: objects.workers(args.slot),
    component: "worker",
    replicas: slotAllocations(release, sizing)[args.slot].workers,
    command: application.worker,
    resources: sizing.workers.resources,
    pod: { terminationGracePeriodSeconds: workerGraceSeconds },
  });
}

type PodSpec = types.input.core.v1.PodSpec;

/** What differs between them. */
interface Workload extends Pick<PodContent, "command" | "resources"> {
  /** Name in Kubernetes. */
  name: string;
  component: "web" | "worker";
  replicas: number;
  pod: Pick<PodSpec, "readinessGates" | "terminationGracePeriodSeconds">;
  lifecycle?: types.input.core.v1.Lifecycle;
}

/** A Deployment and its disruption budget. The Deployment counts as created once every pod is available. */
function workload(
  args: WorkloadArgs,
  { name, component, replicas, command, resources, pod, lifecycle }: Workload,
): apps.Deployment {
  const { settings, parent, after, release } = args;
  const place = { ...args, component };
  const labels = podLabels(place);
  const metadata = { name, namespace: settings.cluster.namespace, labels };
  const logicalName = `${args.name}-${component}`;
  const content = { image: release.image, command, resources, environment: slotEnvironment(args) };
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
          spec: {
            ...pod,
            ...podSecurity,
            topologySpreadConstraints: spread(labels),
            containers: [
              {
                ...container(place, content),
                ports: [{ name: "http", containerPort: settings.application.port }],
                ...probes,
                ...(lifecycle && { lifecycle }),
              },
            ],
          },
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
const probes = {
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
const slotEnvironment = ({ slot, release, settings }: WorkloadArgs) => [
  { name: "SLOT", value: slot },
  { name: "RELEASE_VERSION", value: release.version },
  { name: "PORT", value: String(settings.application.port) },
  { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
];
