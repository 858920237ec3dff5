import type { types } from "@pulumi/kubernetes";
import { container, podLabels, podSecurity, type PodPlace } from "../release/pod";

/** What a Job runs. */
export interface JobWork {
  /** Name of the Job: a new name is a new run. */
  name: string;
  /** Image by digest. */
  image: string;
  command: string[];
  /** Variables in addition to those of every pod. Default: none. */
  environment?: types.input.core.v1.EnvVar[];
  /** Kubernetes ends the Job after this time, seconds. */
  limitSeconds: number;
  /** Retries after a failure, with Kubernetes' growing pauses between them. */
  retries: number;
  /** How Pulumi treats the Job: it replaces a failed one, or does not wait for it. */
  annotation: "pulumi.com/replaceUnready" | "pulumi.com/skipAwait";
}

/** A Job outside the slots: one container, sized like a worker's. */
export function jobArgs(
  place: PodPlace,
  { name, image, command, environment = [], limitSeconds, retries, annotation }: JobWork,
): types.input.batch.v1.Job {
  const { cluster, sizing } = place.settings;
  const labels = podLabels(place);
  const { resources } = sizing.workers;
  return {
    metadata: { name, namespace: cluster.namespace, labels, annotations: { [annotation]: "true" } },
    spec: {
      backoffLimit: retries,
      activeDeadlineSeconds: limitSeconds,
      template: {
        metadata: { labels },
        spec: {
          ...podSecurity,
          restartPolicy: "Never",
          containers: [container(place, { image, command, resources, environment })],
        },
      },
    },
  };
}
