import {
  type CoreV1Api,
  PatchStrategy,
  type V1Pod,
  type V1PodStatus,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { type ContainerContext, RunningContainer } from "./container";
import { podStatus } from "./podStatus";

/** A pod under the node's care. */
export interface RunningPod {
  /** A newer state of the pod in the API: a deletion begins, a readiness gate's condition changed. */
  seen(pod: V1Pod): void;
  /** Ends all its processes at once, without a word to the API. */
  kill(): void;
}

/** Runs a pod bound to this node, and keeps its status in the API up to date until it has been deleted. */
export function runPod(
  first: V1Pod,
  core: CoreV1Api,
  context: Omit<ContainerContext, "changed">,
): RunningPod {
  const { name = "", namespace = "", uid } = first.metadata ?? {};
  const startTime = new Date();
  let latest = first;
  let ending = false;
  let gone = false;
  let sent: unknown;
  let report: Promise<void> | undefined;
  let again = false;

  const changed = () => {
    again = true;
    report ??= reportAll().finally(() => (report = undefined));
  };
  const containers = (first.spec?.containers ?? []).map(
    (one) => new RunningContainer(first, one, { ...context, changed }),
  );
  changed();

  return {
    seen(pod) {
      latest = pod;
      if (pod.metadata?.deletionTimestamp && !ending) void remove();
      else changed();
    },
    kill() {
      gone = true;
      for (const container of containers) container.kill();
    },
  };

  /** One report at a time: a change during a report makes one more after it. */
  async function reportAll(): Promise<void> {
    // Containers change state in the same turn as they are made: the first report waits for that.
    await Promise.resolve();
    while (again && !gone) {
      again = false;
      const facts = { podIP: context.podIP, startTime, now: new Date(), ending };
      const statuses = containers.map((container) => container.status());
      const status = podStatus(latest, statuses, facts);
      const comparable = withoutTimes(status);
      if (isDeepStrictEqual(comparable, sent)) continue;
      try {
        const body = { metadata: { uid }, status };
        latest = await core.patchNamespacedPodStatus({ name, namespace, body }, strategicMerge);
        sent = comparable;
      } catch (error) {
        if (isAbsent(error)) return;
        context.say(`its status could not be reported, again in 1 s: ${String(error)}`);
        await sleep(1000);
        again = true;
      }
    }
  }

  async function remove(): Promise<void> {
    ending = true;
    context.say("is being deleted");
    const grace = latest.metadata?.deletionGracePeriodSeconds ?? 30;
    await Promise.all(containers.map((container) => container.stop(grace)));
    changed();
    await report;
    const body = { gracePeriodSeconds: 0, preconditions: { ...(uid && { uid }) } };
    for (; !gone; await sleep(1000)) {
      try {
        await core.deleteNamespacedPod({ name, namespace, body });
        return;
      } catch (error) {
        if (isAbsent(error)) return;
        context.say(`could not be deleted, again in 1 s: ${String(error)}`);
      }
    }
  }
}

const strategicMerge = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);

const withoutTimes = (status: V1PodStatus): V1PodStatus => ({
  ...status,
  ...(status.conditions && {
    conditions: status.conditions.map(({ lastTransitionTime: _, ...one }) => one),
  }),
});

/** The object is not there any more, or another one has its name. */
const isAbsent = (error: unknown): boolean => [404, 409].includes((error as { code?: number }).code ?? 0);
