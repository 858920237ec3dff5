import type { Deployment } from "@pulumi/kubernetes/apps/v1";
import { objects } from "../../decisions/stack/names";
import { slotAllocations } from "../../decisions/release/trafficWeights";
import { workerGraceSeconds } from "./timeouts";
import { container } from "./pod";
import type { WorkloadArgs } from "./slotArgs";
import { probes, slotEnvironment, workload } from "./workload";

/** The workers of a slot that holds a release; decisions/release/trafficWeights.ts decides how many. */
export function workerWorkload(args: WorkloadArgs): Deployment {
  const { slot, settings, release } = args;
  const { sizing, application } = settings;
  const place = { ...args, component: "worker" } as const;
  return workload(args, {
    name: objects.workers(slot),
    place,
    replicas: slotAllocations(settings.release, sizing)[slot].workers,
    pod: {
      terminationGracePeriodSeconds: workerGraceSeconds,
      containers: [
        {
          ...container(place, {
            image: release.image,
            command: application.worker,
            resources: sizing.workers.resources,
            environment: slotEnvironment(args),
          }),
          ports: [{ name: "http", containerPort: application.port }],
          ...probes,
        },
      ],
    },
  });
}
