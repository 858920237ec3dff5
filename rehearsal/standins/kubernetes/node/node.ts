import {
  CoordinationV1Api,
  CoreV1Api,
  type Informer,
  type KubeConfig,
  type ObjectCache,
  PatchStrategy,
  type V1Container,
  V1MicroTime,
  type V1Pod,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { addresses } from "../address";
import type { ContainerContext } from "./container";
import { type RunningPod, runPod } from "./pod";
import { podEnvironment, unsupported } from "./podEnvironment";
import type { ProcessRegister } from "./processRegister";
import type { KubernetesSettings } from "../settings";
import { keepInformed } from "../watch";

/** Name of the one node. */
export const nodeName = "rehearsal";

/** How often the node's lease is renewed, milliseconds; the kubelet's value. */
const leaseMilliseconds = 10_000;

/** The running node. */
export interface Node {
  /** All pods of the cluster, kept up to date. */
  pods: ObjectCache<V1Pod>;
  /** Calls `listener` at each change of a pod. */
  onPod(listener: (pod: V1Pod) => void): void;
  /** Ends all pods' processes. */
  stop(): Promise<void>;
}

/** Registers the node, binds pending pods to it and runs them as local processes. */
export async function startNode(
  config: KubeConfig,
  settings: KubernetesSettings,
  register: ProcessRegister,
  say: (text: string) => void,
): Promise<Node> {
  const core = config.makeApiClient(CoreV1Api);
  const logs = join(settings.KUBE_DIR, "pods");
  mkdirSync(logs, { recursive: true });
  const injected = injectedVariables(settings);
  const address = addresses(settings.KUBE_PORTS[2]);
  const running = new Map<string, RunningPod>();
  const listeners: ((pod: V1Pod) => void)[] = [];

  await registerNode(core);
  const stopLease = await keepLease(config.makeApiClient(CoordinationV1Api), say);
  const pods: Informer<V1Pod> & ObjectCache<V1Pod> = await keepInformed(
    config,
    "/api/v1/pods",
    () => core.listPodForAllNamespaces(),
    {
      changed(pod) {
        take(pod);
        for (const listener of listeners) listener(pod);
      },
      deleted(pod) {
        running.get(key(pod))?.kill();
        running.delete(key(pod));
        for (const listener of listeners) listener(pod);
      },
    },
  );

  return {
    pods,
    onPod: (listener) => void listeners.push(listener),
    async stop() {
      stopLease();
      await pods.stop();
      for (const pod of running.values()) pod.kill();
    },
  };

  function take(pod: V1Pod): void {
    const known = running.get(key(pod));
    if (known) known.seen(pod);
    else if (!pod.spec?.nodeName) bind(pod);
    else if (pod.spec.nodeName === nodeName) begin(pod);
  }

  function bind(pod: V1Pod): void {
    if (pod.metadata?.deletionTimestamp || pod.spec?.schedulingGates?.length) return;
    const { name = "", namespace = "", uid } = pod.metadata ?? {};
    const body = {
      metadata: { name, ...(uid && { uid }) },
      target: { apiVersion: "v1", kind: "Node", name: nodeName },
    };
    core.createNamespacedPodBinding({ name, namespace, body }).catch((error: unknown) => {
      // Bound by an earlier sight of the same pod, or deleted since.
      if (![404, 409].includes((error as { code?: number }).code ?? 0))
        say(`${namespace}/${name} was not bound: ${String(error)}`);
    });
  }

  function begin(pod: V1Pod): void {
    const { name = "", namespace = "" } = pod.metadata ?? {};
    const podIP = address();
    say(`${namespace}/${name} starts at ${podIP}`);
    const started = runPod(pod, core, {
      images: settings.NODE_IMAGES,
      log: join(logs, `${namespace}_${name}.log`),
      podIP,
      register,
      variables: (of, container) => variablesOf(core, injected, of, container, podIP),
      say: (text) => say(`${namespace}/${name} ${text}`),
    });
    running.set(key(pod), started);
    if (pod.metadata?.deletionTimestamp) started.seen(pod);
  }
}

const key = (pod: V1Pod): string => pod.metadata?.uid ?? "";

/** The variables that the rehearsal gives every pod besides its own. */
function injectedVariables({ NODE_PATH_PREFIX, POD_ENV_FILE }: KubernetesSettings): Record<string, string> {
  const path = [NODE_PATH_PREFIX, process.env.PATH].filter(Boolean).join(delimiter);
  const file = POD_ENV_FILE ? readFileSync(POD_ENV_FILE, "utf8") : "{}";
  return { PATH: path, ...(JSON.parse(file) as Record<string, string>) };
}

/** A container's variables: what every process needs, `injected`, then its own. Or why they cannot be resolved yet. */
async function variablesOf(
  core: CoreV1Api,
  injected: Record<string, string>,
  pod: V1Pod,
  container: V1Container,
  podIP: string,
): ReturnType<ContainerContext["variables"]> {
  const issues = unsupported(pod).map((what) => `not part of the rehearsal: ${what}`);
  if (issues.length > 0) return { ok: false, issues };
  const namespace = pod.metadata?.namespace ?? "";
  const secrets = await core.listNamespacedSecret({ namespace });
  const configMaps = await core.listNamespacedConfigMap({ namespace });
  const decode = (data: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries(data).map(([field, value]) => [field, Buffer.from(value, "base64").toString()]),
    );
  const answer = podEnvironment(pod, container, podIP, {
    secret: new Map(secrets.items.map(({ metadata, data }) => [metadata?.name ?? "", decode(data)])),
    configMap: new Map(configMaps.items.map(({ metadata, data }) => [metadata?.name ?? "", data ?? {}])),
  });
  if (!answer.ok) return answer;
  const base = {
    HOME: process.env.HOME ?? "/",
    LANG: "C.UTF-8",
    HOSTNAME: pod.metadata?.name ?? "",
    // An image is immutable.
    PYTHONDONTWRITEBYTECODE: "1",
  };
  return { ok: true, variables: { ...base, ...injected, ...answer.variables } };
}

async function registerNode(core: CoreV1Api): Promise<void> {
  const now = new Date();
  const room = { cpu: "64", memory: "256Gi", pods: "1000" };
  const node = await core.createNode({
    body: {
      metadata: {
        name: nodeName,
        labels: { "kubernetes.io/hostname": nodeName, "kubernetes.io/os": "linux" },
      },
    },
  });
  node.status = {
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    capacity: room,
    allocatable: room,
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "pods run as local processes",
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
  };
  await core.replaceNodeStatus({ name: nodeName, body: node });
}

/** Makes the node's lease and renews it; returns how to stop that. */
async function keepLease(api: CoordinationV1Api, say: (text: string) => void): Promise<() => void> {
  const namespace = "kube-node-lease";
  const spec = { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime: new V1MicroTime() };
  await api.createNamespacedLease({ namespace, body: { metadata: { name: nodeName }, spec } });
  const timer = setInterval(() => {
    const body = { spec: { renewTime: new V1MicroTime() } };
    api
      .patchNamespacedLease(
        { name: nodeName, namespace, body },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      )
      .catch((error: unknown) => say(`the lease was not renewed: ${String(error)}`));
  }, leaseMilliseconds);
  return () => clearInterval(timer);
}
