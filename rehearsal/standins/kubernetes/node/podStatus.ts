import type { V1ContainerStatus, V1Pod, V1PodCondition, V1PodStatus } from "@kubernetes/client-node";

/** Whether a container that ended with `exitCode` is started again. */
export function restarts(pod: V1Pod, exitCode: number): boolean {
  const policy = pod.spec?.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

function phase(pod: V1Pod, containers: readonly V1ContainerStatus[], ending: boolean): string {
  const exits = containers.map(({ state }) => state?.terminated?.exitCode);
  if (exits.every((code) => code !== undefined && (ending || !restarts(pod, code)))) {
    return exits.every((code) => code === 0) ? "Succeeded" : "Failed";
  }
  const begun = ({ state, restartCount }: V1ContainerStatus) =>
    state?.running ?? state?.terminated ?? restartCount > 0;
  return containers.every(begun) ? "Running" : "Pending";
}

/**
 * The status that the node reports. A pod is ready once its containers are and each readiness gate's condition, which others
 * set, is True. `ending`: the pod is being deleted, so nothing of it starts again.
 */
export function podStatus(
  pod: V1Pod,
  containers: V1ContainerStatus[],
  facts: { podIP: string; startTime: Date; now: Date; ending: boolean },
): V1PodStatus {
  const stage = phase(pod, containers, facts.ending);
  const waiting = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const gates = (pod.spec?.readinessGates ?? []).map(({ conditionType }) => conditionType);
  const open = (type: string) => pod.status?.conditions?.find((one) => one.type === type)?.status === "True";
  const closed = gates.filter((gate) => !open(gate));
  const why =
    stage === "Succeeded"
      ? { reason: "PodCompleted" }
      : waiting.length > 0
        ? { reason: "ContainersNotReady", message: `containers with unready status: [${waiting.join(" ")}]` }
        : undefined;
  const gateClosed = {
    reason: "ReadinessGatesNotReady",
    message: `readiness gates that are not True: ${closed.join(", ")}`,
  };
  const condition = (
    type: string,
    holds: boolean,
    because?: { reason: string; message?: string },
  ): V1PodCondition => {
    const status = holds ? "True" : "False";
    const before = pod.status?.conditions?.find((one) => one.type === type);
    const since = before?.status === status ? before.lastTransitionTime : undefined;
    // A strategic merge keeps what is not named, so a reason that no longer holds is taken away by name.
    return {
      type,
      status,
      lastTransitionTime: since ?? facts.now,
      reason: because?.reason ?? "",
      message: because?.message ?? "",
    };
  };
  return {
    phase: stage,
    podIP: facts.podIP,
    podIPs: [{ ip: facts.podIP }],
    hostIP: "127.0.0.1",
    startTime: facts.startTime,
    containerStatuses: containers,
    conditions: [
      condition("PodScheduled", true),
      condition("Initialized", true),
      condition("ContainersReady", !why, why),
      condition("Ready", !why && closed.length === 0, why ?? (closed.length > 0 ? gateClosed : undefined)),
    ],
  };
}
