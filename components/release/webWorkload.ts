import type { Deployment } from "@pulumi/kubernetes/apps/v1";
import { slotAllocations } from "../../decisions/release/trafficWeights";
import { objects, targetHealthGate } from "../../decisions/stack/names";
import { podShutdown } from "./timeouts";
import { container } from "./pod";
import type { WorkloadArgs } from "./slotArgs";
import { probes, slotEnvironment, workload } from "./workload";

/**
 * The web process of a slot that holds a release, always at full size: neither promoting a canary nor returning traffic to a
 * standby may wait for pods.
 *
 * A pod is ready only once its target is healthy in the load balancer. The controller's webhook would add the readiness gate,
 * but Kubernetes ignores a webhook that is down, and the gate would silently be missing; so it is declared here.
 */
export function webWorkload(args: WorkloadArgs): Deployment {
  const { slot, settings, release } = args;
  const { sizing, application, network } = settings;
  const place = { ...args, component: "web" } as const;
  const { preStopSeconds, graceSeconds } = podShutdown(network.deregistrationSeconds);
  return workload(args, {
    name: objects.web(slot),
    place,
    replicas: slotAllocations(settings.release, sizing)[slot].web,
    pod: {
      readinessGates: [{ conditionType: targetHealthGate(objects.web(slot)) }],
      terminationGracePeriodSeconds: graceSeconds,
      containers: [
        {
          ...container(place, {
            image: release.image,
            command: application.web,
            resources: sizing.web.resources,
            environment: slotEnvironment(args),
          }),
          ports: [{ name: "http", containerPort: application.port }],
          ...probes,
          lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
        },
      ],
    },
  });
}
