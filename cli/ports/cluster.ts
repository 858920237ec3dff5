import type { BatchV1Api, CoreV1Api } from "@kubernetes/client-node";
import { labels, type Slot } from "../../decisions/stack/names";
import { keepSecret } from "../shell/redact";
import { wait, withinTime } from "../shell/wait";

/** A worker's pod that has not ended. */
export interface WorkerPod {
  name: string;
  /** Seconds that it gets to finish its job once it was told to end. */
  graceSeconds: number;
}

/** The stack's namespace, as far as the program does not see to it. */
export interface Cluster {
  /** Ends migration Jobs that are running and waits, at most `seconds`, until their pods are gone. Returns their names. */
  endMigrations(seconds: number, signal?: AbortSignal): Promise<string[]>;
  /** Pods of these slots' workers that have not ended yet, those that were told to end included. */
  workers(of: readonly Slot[]): Promise<WorkerPod[]>;
  /** The value of a key of a Secret; undefined where the Secret has no such key. */
  secret(name: string, key: string): Promise<string | undefined>;
}

/** Longest that one call may take, milliseconds; the client library itself would wait for 5 minutes. */
const limit = 10_000;

/** Kubernetes' own default of `terminationGracePeriodSeconds`. */
const kubernetesGrace = 30;

/**
 * The cluster of the current kubeconfig. The client library takes half a second to load, so it is loaded when first used.
 * Each call throws after 10 s without an answer, saying which it was.
 */
export function createCluster(namespace: string): Cluster {
  let connection: Promise<{ core: CoreV1Api; batch: BatchV1Api }> | undefined;
  const connect = () =>
    (connection ??= import("@kubernetes/client-node").then(({ KubeConfig, CoreV1Api, BatchV1Api }) => {
      const config = new KubeConfig();
      config.loadFromDefault();
      return { core: config.makeApiClient(CoreV1Api), batch: config.makeApiClient(BatchV1Api) };
    }));
  const inTime = <T>(what: string, asking: Promise<T>): Promise<T> =>
    withinTime(asking, limit, `Kubernetes, ${what} in namespace ${namespace}`);
  const pods = async (core: CoreV1Api, labelSelector: string) =>
    (await inTime(`pods with ${labelSelector}`, core.listNamespacedPod({ namespace, labelSelector }))).items;
  return {
    async endMigrations(seconds, signal) {
      const { core, batch } = await connect();
      const labelSelector = `${labels.component}=migrate`;
      const { items } = await inTime("migration Jobs", batch.listNamespacedJob({ namespace, labelSelector }));
      const running = items.flatMap((job) =>
        job.metadata?.name && (job.status?.active ?? 0) > 0 ? [job.metadata.name] : [],
      );
      for (const name of running)
        await inTime(
          `deletion of Job ${name}`,
          batch.deleteNamespacedJob({ name, namespace, propagationPolicy: "Background" }),
        );
      const until = Date.now() + seconds * 1000;
      for (const name of running)
        while ((await pods(core, `job-name=${name}`)).length > 0 && Date.now() < until)
          await wait(250, signal);
      return running;
    },
    async workers(of) {
      const { core } = await connect();
      const labelSelector = `${labels.component}=worker,${labels.slot} in (${of.join(",")})`;
      return (await pods(core, labelSelector))
        .filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed")
        .map(({ metadata, spec }) => ({
          name: metadata?.name ?? "",
          graceSeconds: spec?.terminationGracePeriodSeconds ?? kubernetesGrace,
        }));
    },
    async secret(name, key) {
      const { core } = await connect();
      const { data } = await inTime(`Secret ${name}`, core.readNamespacedSecret({ name, namespace }));
      const value = data?.[key];
      if (value === undefined) return undefined;
      const text = Buffer.from(value, "base64").toString();
      keepSecret(text);
      return text;
    },
  };
}
