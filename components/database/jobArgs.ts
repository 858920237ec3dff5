import type { types } from "@pulumi/kubernetes";
import { container, podLabels, podSecurity, type PodPlace } from "../release/pod";

/** What a Job runs once, or again until it has worked. */
export interface JobWork {
  /** Name of the Job: another one is another piece of work. */
  name: string;
  /** Image by digest. */
  image: string;
  command: string[];
  /** Variables beside those of every pod. Default: none. */
  environment?: types.input.core.v1.EnvVar[];
  /** After this the Job is ended, seconds. */
  limitSeconds: number;
  /** Tries after the first, with Kubernetes' growing pauses between them. */
  retries: number;
  /** What Pulumi makes of the Job: whether it awaits it, or runs a failed one anew. */
  annotation: "pulumi.com/replaceUnready" | "pulumi.com/skipAwait";
}

/** A Job beside the slots: the pods' fixed part, the workers' size, one container. */
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
