import type { Output, Resource } from "@pulumi/pulumi";
import * as lb from "@pulumi/aws/lb";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource";
import * as core from "@pulumi/kubernetes/core/v1";
import { objects, slotHeader } from "../../decisions/stack/names";
import { shortTimeout } from "./timeouts";
import { podLabels } from "./pod";
import { type WorkloadArgs, webWorkload, workerWorkload } from "./workload";

interface ReleaseSlotArgs extends Omit<WorkloadArgs, "release"> {
  /** Priority of the slot's test rule; lower than the weighted rule's, so that it matches first. */
  testRulePriority: number;
}

/** A slot as the traffic rule needs it. */
export interface ReleaseSlot {
  /** ARN of the slot's target group. */
  targetGroupArn: Output<string>;
  /** What traffic must wait for: the binding, the test rule, and workloads whose pods are ready and healthy targets. */
  ready: Resource[];
}

/**
 * One full copy of the application: a target group, the Service and the binding that fill it, a test rule through which the
 * header `X-Release-Slot` reaches it whatever the weights are, and, if the slot holds a release, web and workers.
 *
 * An empty slot keeps everything except the workloads, so that loading it only starts pods. The test rule has a second purpose:
 * the load balancer does not health-check a target group that is in no rule, so its pods would never become ready.
 */
export function releaseSlot(args: ReleaseSlotArgs): ReleaseSlot {
  const targets = targetGroup(args);
  const rule = testRule(args, targets);
  const { binding, service } = boundService(args, targets);
  const release = args.settings.release.slots[args.slot];
  const workload = { ...args, after: [...args.after, rule, binding, service] };
  const pods = release
    ? [webWorkload({ ...workload, release }), workerWorkload({ ...workload, release })]
    : [];
  return { targetGroupArn: targets.arn, ready: [binding, rule, ...pods] };
}

function targetGroup({ name, parent, stack, slot, settings }: ReleaseSlotArgs): lb.TargetGroup {
  const { application, network } = settings;
  return new lb.TargetGroup(
    `${name}-targets`,
    {
      name: `${application.name}-${stack}-${slot}`,
      targetType: "ip",
      protocol: "HTTP",
      port: application.port,
      vpcId: network.vpcId,
      deregistrationDelay: network.deregistrationSeconds,
      // The shortest interval and the fewest checks that the load balancer allows: a bad pod gets no traffic after 10 s.
      healthCheck: {
        enabled: true,
        protocol: "HTTP",
        path: "/ready",
        matcher: "200",
        interval: 5,
        timeout: 2,
        healthyThreshold: 2,
        unhealthyThreshold: 2,
      },
    },
    { parent },
  );
}

function testRule(args: ReleaseSlotArgs, targets: lb.TargetGroup): lb.ListenerRule {
  const { name, parent } = args;
  const { network } = args.settings;
  return new lb.ListenerRule(
    `${name}-test`,
    {
      listenerArn: network.listenerArn,
      priority: args.testRulePriority,
      conditions: [
        { hostHeader: { values: network.hosts } },
        { httpHeader: { httpHeaderName: slotHeader, values: [args.slot] } },
      ],
      actions: [{ type: "forward", targetGroupArn: targets.arn }],
    },
    { parent },
  );
}

function boundService(args: ReleaseSlotArgs, targets: lb.TargetGroup) {
  const { name, parent, slot, settings } = args;
  const metadata = { name: objects.web(slot), namespace: settings.cluster.namespace };
  const labels = podLabels({ ...args, component: "web" });
  const service = new core.Service(
    `${name}-service`,
    {
      // Pulumi would wait until the Service has a ready pod, but the Service must exist before the first pod.
      metadata: { ...metadata, labels, annotations: { "pulumi.com/skipAwait": "true" } },
      spec: {
        type: "ClusterIP",
        selector: labels,
        ports: [{ name: "http", port: settings.application.port, targetPort: "http", protocol: "TCP" }],
      },
    },
    { parent, customTimeouts: { create: shortTimeout, update: shortTimeout } },
  );
  const binding = new CustomResource(
    `${name}-binding`,
    {
      apiVersion: "elbv2.k8s.aws/v1beta1",
      kind: "TargetGroupBinding",
      metadata: { ...metadata, labels },
      spec: {
        serviceRef: { name: objects.web(slot), port: settings.application.port },
        targetGroupARN: targets.arn,
        targetType: "ip",
      },
    },
    { parent, dependsOn: [service], customTimeouts: { create: shortTimeout, update: shortTimeout } },
  );
  return { service, binding };
}
