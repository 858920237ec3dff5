import type { BatchV1Api, CoreV1Api } from "@kubernetes/client-node";
import { labels, type Slot } from "../../decisions/stack/names";
import { keepSecret } from "../shell/redact";
import { wait } from "../shell/wait";

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

/** Kubernetes' own default of `terminationGracePeriodSeconds`. */
const kubernetesGrace = 30;

/** The cluster of the current kubeconfig. The client library takes half a second to load, so it is loaded when first used. */
export function createCluster(namespace: string): Cluster {
  let connection: Promise<{ core: CoreV1Api; batch: BatchV1Api }> | undefined;
  const connect = () =>
    (connection ??= import("@kubernetes/client-node").then(({ KubeConfig, CoreV1Api, BatchV1Api }) => {
      const config = new KubeConfig();
      config.loadFromDefault();
      return { core: config.makeApiClient(CoreV1Api), batch: config.makeApiClient(BatchV1Api) };
    }));
  return {
    async endMigrations(seconds, signal) {
      const { core, batch } = await connect();
      const { items } = await batch.listNamespacedJob({
        namespace,
        labelSelector: `${labels.component}=migrate`,
      });
      const running = items.flatMap((job) =>
        job.metadata?.name && (job.status?.active ?? 0) > 0 ? [job.metadata.name] : [],
      );
      for (const name of running)
        await batch.deleteNamespacedJob({ name, namespace, propagationPolicy: "Background" });
      const until = Date.now() + seconds * 1000;
      for (const name of running) {
        const left = async () =>
          (await core.listNamespacedPod({ namespace, labelSelector: `job-name=${name}` })).items.length > 0;
        while ((await left()) && Date.now() < until) await wait(250, signal);
      }
      return running;
    },
    async workers(of) {
      const { core } = await connect();
      const labelSelector = `${labels.component}=worker,${labels.slot} in (${of.join(",")})`;
      const { items } = await core.listNamespacedPod({ namespace, labelSelector });
      return items
        .filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed")
        .map(({ metadata, spec }) => ({
          name: metadata?.name ?? "",
          graceSeconds: spec?.terminationGracePeriodSeconds ?? kubernetesGrace,
        }));
    },
    async secret(name, key) {
      const { core } = await connect();
      const value = (await core.readNamespacedSecret({ name, namespace })).data?.[key];
      if (value === undefined) return undefined;
      const text = Buffer.from(value, "base64").toString();
      keepSecret(text);
      return text;
    },
  };
}
