import type { V1Pod, V1ServicePort } from "@kubernetes/client-node";

/** One target of a target group. */
export interface Target {
  id: string;
  port: number;
}

/** Whether a condition of a pod is True. */
const holds = (pod: V1Pod, type: string): boolean =>
  pod.status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;

/** Whether a pod waits for `gate` before it is ready. */
export const isGated = (pod: V1Pod, gate: string): boolean =>
  pod.spec?.readinessGates?.some(({ conditionType }) => conditionType === gate) ?? false;

/**
 * The targets of a Service's port: its pods that are ready, and those whose containers are ready and that only wait for this
 * binding's `gate`; never a pod that is being deleted. So does the AWS Load Balancer Controller, from EndpointSlices; there are
 * none here, because the API server refuses loopback addresses in them.
 */
export function wantedTargets(
  pods: readonly V1Pod[],
  selector: Readonly<Record<string, string>>,
  port: V1ServicePort,
  gate: string,
): (Target & { pod: V1Pod })[] {
  return pods.flatMap((pod) => {
    const { labels = {}, deletionTimestamp } = pod.metadata ?? {};
    const id = pod.status?.podIP;
    const selected = Object.entries(selector).every(([name, value]) => labels[name] === value);
    const able = holds(pod, "Ready") || (isGated(pod, gate) && holds(pod, "ContainersReady"));
    const named = pod.spec?.containers
      .flatMap(({ ports = [] }) => ports)
      .find(({ name }) => name === port.targetPort);
    const number = named?.containerPort ?? Number(port.targetPort ?? port.port);
    return id && selected && able && !deletionTimestamp && number > 0 ? [{ id, port: number, pod }] : [];
  });
}

/** Targets of `these` that `those` lacks. */
export function without<T extends Target>(these: readonly T[], those: readonly Target[]): T[] {
  return these.filter(({ id, port }) => !those.some((other) => other.id === id && other.port === port));
}
