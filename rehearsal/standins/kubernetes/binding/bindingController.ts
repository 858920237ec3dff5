import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
  type TargetHealth,
  TargetGroupNotFoundException,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  PatchStrategy,
  type V1Pod,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { targetHealthGate } from "../../../../decisions/stack/names";
import type { Node } from "../node/node";
import { type TargetGroupBinding, bindingsResource, listBindings } from "./targetGroupBinding";
import { type Target, isGated, wantedTargets, without } from "./targets";
import { keepInformed } from "../watch";

/** How soon a binding is polled again, milliseconds: while something is pending, once it is settled, after an error. */
const pause = { pending: 300, settled: 5000, error: 1000 };

/** Keeps a binding in the API until its targets have been deregistered. */
const finalizer = `${bindingsResource.group}/resources`;

/** What a round needs from outside. */
interface Clients {
  elb: ElasticLoadBalancingV2Client;
  core: CoreV1Api;
  custom: CustomObjectsApi;
  node: Node;
  say: (text: string) => void;
}

/** Keeps target groups in step with Services, and pods' readiness gates in step with target health. */
export async function startBindingController(
  config: KubeConfig,
  node: Node,
  say: (text: string) => void,
): Promise<{ stop(): Promise<void> }> {
  const clients: Clients = {
    elb: new ElasticLoadBalancingV2Client({}),
    core: config.makeApiClient(CoreV1Api),
    custom: config.makeApiClient(CustomObjectsApi),
    node,
    say,
  };
  /** The next poll of each binding; "busy" and "again" while one is running. */
  const polls = new Map<string, NodeJS.Timeout | "busy" | "again">();
  let stopped = false;

  const { group, version, plural } = bindingsResource;
  const bindings = await keepInformed<TargetGroupBinding>(
    config,
    `/apis/${group}/${version}/${plural}`,
    () => listBindings(clients.custom),
    {
      changed: (binding) => wake(binding, 0),
      deleted: () => undefined,
    },
  );
  node.onPod((pod) => {
    for (const binding of bindings.list(pod.metadata?.namespace)) wake(binding, 0);
  });
  return {
    stop() {
      stopped = true;
      return bindings.stop();
    },
  };

  /** Polls a binding `milliseconds` from now; one poll at a time, and one more if it was woken meanwhile. */
  function wake(binding: TargetGroupBinding, milliseconds: number): void {
    const { name = "", namespace = "" } = binding.metadata ?? {};
    const key = `${namespace}/${name}`;
    const next = polls.get(key);
    if (stopped) return;
    if (next === "busy" || next === "again") return void polls.set(key, "again");
    clearTimeout(next);
    const poll = async () => {
      const latest = bindings.get(name, namespace);
      if (!latest || stopped) return void polls.delete(key);
      polls.set(key, "busy");
      const wait = await reconcile(clients, latest).catch((error: unknown) => {
        say(`binding ${key}: ${String(error)}`);
        return pause.error;
      });
      const again = polls.get(key) === "again" && wait !== pause.error;
      polls.delete(key);
      wake(latest, again ? 0 : wait);
    };
    polls.set(
      key,
      setTimeout(() => void poll(), milliseconds),
    );
  }
}

/** Reconciles one binding once; returns when the next poll is due, milliseconds. */
async function reconcile(clients: Clients, binding: TargetGroupBinding): Promise<number> {
  const { name = "", namespace = "", deletionTimestamp, finalizers = [] } = binding.metadata ?? {};
  const { targetGroupARN: arn, serviceRef } = binding.spec;
  const there = await describe(clients, arn).catch((error: unknown) => {
    if (deletionTimestamp && error instanceof TargetGroupNotFoundException) return [];
    throw error;
  });
  const inUse = there.filter(({ health }) => health.State !== "draining");
  if (deletionTimestamp) {
    await change(clients, "deregister", binding, inUse);
    const others = finalizers.filter((one) => one !== finalizer);
    await setFinalizers(clients, binding, others);
    return pause.settled;
  }
  if (!finalizers.includes(finalizer)) await setFinalizers(clients, binding, [...finalizers, finalizer]);
  const { spec } = await clients.core.readNamespacedService({ name: serviceRef.name, namespace });
  const port = spec?.ports?.find((one) => one.port === serviceRef.port || one.name === serviceRef.port);
  if (!port) throw new Error(`Service ${serviceRef.name} has no port ${serviceRef.port}`);
  const gate = targetHealthGate(name);
  const wanted = wantedTargets(clients.node.pods.list(namespace), spec?.selector ?? {}, port, gate);
  const missing = without(wanted, inUse);
  await change(clients, "register", binding, missing);
  await change(clients, "deregister", binding, without(inUse, wanted));
  let settled = missing.length === 0;
  for (const { pod, ...target } of wanted.filter(({ pod }) => isGated(pod, gate))) {
    const [known] = there.filter((one) => without([target], [one]).length === 0);
    await setGate(clients, pod, gate, known?.health);
    settled &&= known?.health.State === "healthy";
  }
  return settled ? pause.settled : pause.pending;
}

async function describe({ elb }: Clients, arn: string): Promise<(Target & { health: TargetHealth })[]> {
  const { TargetHealthDescriptions: found = [] } = await elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: arn }),
  );
  return found.map(({ Target: target, TargetHealth: health = {} }) => ({
    id: target?.Id ?? "",
    port: target?.Port ?? 0,
    health,
  }));
}

async function change(
  { elb, say }: Clients,
  what: "register" | "deregister",
  { metadata, spec }: TargetGroupBinding,
  targets: readonly Target[],
): Promise<void> {
  if (targets.length === 0) return;
  const input = {
    TargetGroupArn: spec.targetGroupARN,
    Targets: targets.map(({ id, port }) => ({ Id: id, Port: port })),
  };
  await (what === "register"
    ? elb.send(new RegisterTargetsCommand(input))
    : elb.send(new DeregisterTargetsCommand(input)));
  const list = targets.map(({ id, port }) => `${id}:${port}`).join(", ");
  say(`binding ${metadata?.namespace}/${metadata?.name}: ${what}ed ${list}`);
}

async function setFinalizers(
  { custom }: Clients,
  { metadata }: TargetGroupBinding,
  finalizers: string[],
): Promise<void> {
  const { name = "", namespace = "" } = metadata ?? {};
  const change = { ...bindingsResource, namespace, name, body: { metadata: { finalizers } } };
  await custom.patchNamespacedCustomObject(
    change,
    setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
  );
}

async function setGate(
  { core }: Clients,
  pod: V1Pod,
  type: string,
  health: TargetHealth | undefined,
): Promise<void> {
  const healthy = health?.State === "healthy";
  const status = healthy ? "True" : "False";
  const reason = healthy ? "" : (health?.Reason ?? "Elb.RegistrationInProgress");
  const before = pod.status?.conditions?.find((one) => one.type === type);
  if (before?.status === status && (before.reason ?? "") === reason) return;
  const { name = "", namespace = "", uid } = pod.metadata ?? {};
  const since = before?.status === status ? before.lastTransitionTime : new Date();
  const condition = { type, status, reason, message: health?.Description ?? "", lastTransitionTime: since };
  const body = { metadata: { uid }, status: { conditions: [condition] } };
  await core.patchNamespacedPodStatus(
    { name, namespace, body },
    setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch),
  );
}
