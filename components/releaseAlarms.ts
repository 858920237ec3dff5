import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  output,
} from "@pulumi/pulumi";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as sns from "@pulumi/aws/sns";
import type { Settings } from "../decisions/config";
import { type Slot, slots } from "../decisions/names";

export interface ReleaseAlarmsArgs {
  stack: string;
  settings: Pick<Settings, "application" | "alarms" | "slo">;
  /** ARN of the load balancer that the listener belongs to. */
  loadBalancerArn: Input<string>;
  /** ARN of each slot's target group. */
  targetGroupArns: Record<Slot, Input<string>>;
}

/** The load balancer reports once a minute, so nothing shorter exists, seconds. */
const period = 60;

/** Requests in a minute below which a ratio or a percentile says nothing: at 1 % they would be chance. */
const minRequests = 100;

/** So many failures in a minute count whatever the number of requests is: a quiet night must not hide an outage. */
const minFailures = 10;

/** Two bad minutes of three: one is noise, and two in a row would miss an error that comes and goes. */
const minutes = { evaluationPeriods: 3, datapointsToAlarm: 2, period } as const;

/**
 * Alarms that say that a release is bad, slot by slot, and one for what only the load balancer sees. They all go to one
 * topic. They are for people and for the checklist; the gate that judges a canary reads the metrics itself.
 *
 * No data is treated alarm by alarm, since it has two meanings: nothing went wrong, or nothing happened.
 */
export class ReleaseAlarms extends ComponentResource {
  /** ARN of the topic to subscribe to. */
  readonly topicArn: Output<string>;

  constructor(name: string, args: ReleaseAlarmsArgs, options?: ComponentResourceOptions) {
    super("deployment-safety:components:ReleaseAlarms", name, {}, options);
    const prefix = `${args.settings.application.name}-${args.stack}`;
    const topic = new sns.Topic(`${name}-topic`, { name: `${prefix}-release-alarms` }, { parent: this });
    const ring = (key: string, alarm: cloudwatch.MetricAlarmArgs) =>
      new cloudwatch.MetricAlarm(
        `${name}-${key}`,
        { name: `${prefix}-${key}`, alarmActions: [topic.arn], okActions: [topic.arn], ...alarm },
        { parent: this },
      );
    const loadBalancer = output(args.loadBalancerArn).apply((arn) =>
      afterColon(arn).replace("loadbalancer/", ""),
    );
    for (const slot of slots) {
      const dimensions = {
        LoadBalancer: loadBalancer,
        TargetGroup: output(args.targetGroupArns[slot]).apply(afterColon),
      };
      ring(`${slot}-errors`, errors(slot, args, dimensions));
      ring(`${slot}-latency`, latency(slot, args, dimensions));
      ring(`${slot}-unhealthy-hosts`, unhealthyHosts(slot, args, dimensions));
    }
    ring("load-balancer-errors", loadBalancerErrors(args, { LoadBalancer: loadBalancer }));
    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }
}

type Dimensions = Record<string, Output<string>>;

/** The name by which CloudWatch knows a load balancer or a target group: the last part of its ARN. */
const afterColon = (arn: string): string => arn.slice(arn.lastIndexOf(":") + 1);

/** What whoever is woken should look at and do, the same in each alarm. */
const advice = (stack: string): string =>
  `See \`make status STACK=${stack}\`. If a release causes it: \`make rollback STACK=${stack} VERSION=<last good>\`.`;

const metric = (id: string, metricName: string, stat: string, dimensions: Dimensions) => ({
  id,
  metric: { namespace: "AWS/ApplicationELB", metricName, period, stat, dimensions },
});

const above = { comparisonOperator: "GreaterThanThreshold" };

function errors(
  slot: Slot,
  { stack, settings }: ReleaseAlarmsArgs,
  dimensions: Dimensions,
): cloudwatch.MetricAlarmArgs {
  const { maxErrorPercent } = settings.alarms;
  return {
    ...above,
    evaluationPeriods: minutes.evaluationPeriods,
    datapointsToAlarm: minutes.datapointsToAlarm,
    threshold: maxErrorPercent,
    // No request, no data: an idle slot and a quiet night are no errors.
    treatMissingData: "notBreaching",
    alarmDescription:
      `More than ${maxErrorPercent} % of the requests that slot ${slot} of ${stack} answered in a minute were 5xx, ` +
      `in 2 minutes of 3 (counted from ${minRequests} requests or ${minFailures} failures on). ${advice(stack)}`,
    metricQueries: [
      metric("requests", "RequestCount", "Sum", dimensions),
      metric("failed", "HTTPCode_Target_5XX_Count", "Sum", dimensions),
      {
        id: "percent",
        label: `5xx of slot ${slot}, percent`,
        returnData: true,
        // The count of failures is reported only where there are some.
        expression: `IF(requests >= ${minRequests} OR FILL(failed, 0) >= ${minFailures}, 100 * FILL(failed, 0) / requests, 0)`,
      },
    ],
  };
}

function latency(
  slot: Slot,
  { stack, settings }: ReleaseAlarmsArgs,
  dimensions: Dimensions,
): cloudwatch.MetricAlarmArgs {
  const { latencyMs } = settings.slo;
  return {
    ...above,
    evaluationPeriods: minutes.evaluationPeriods,
    datapointsToAlarm: minutes.datapointsToAlarm,
    threshold: latencyMs / 1000,
    // As above: without requests nothing was slow.
    treatMissingData: "notBreaching",
    alarmDescription:
      `One request in twenty to slot ${slot} of ${stack} took longer than ${latencyMs} ms, in 2 minutes of 3 ` +
      `(counted from ${minRequests} requests a minute on). ${advice(stack)}`,
    metricQueries: [
      metric("requests", "RequestCount", "Sum", dimensions),
      metric("slowest", "TargetResponseTime", "p95", dimensions),
      {
        id: "seconds",
        label: `95th percentile of slot ${slot}, seconds`,
        returnData: true,
        expression: `IF(requests >= ${minRequests}, slowest, 0)`,
      },
    ],
  };
}

function unhealthyHosts(
  slot: Slot,
  { stack, settings }: ReleaseAlarmsArgs,
  dimensions: Dimensions,
): cloudwatch.MetricAlarmArgs {
  const { maxUnhealthyHosts } = settings.alarms;
  return {
    ...above,
    ...minutes,
    // A pod that is only starting is unhealthy for less than three minutes.
    datapointsToAlarm: minutes.evaluationPeriods,
    threshold: maxUnhealthyHosts,
    namespace: "AWS/ApplicationELB",
    metricName: "UnHealthyHostCount",
    statistic: "Maximum",
    dimensions,
    // A group without a target has no data, and an empty slot is meant to have none. A live slot that has lost all of
    // its targets shows in the load balancer's own 503s.
    treatMissingData: "notBreaching",
    alarmDescription:
      `More than ${maxUnhealthyHosts} pods of slot ${slot} of ${stack} have failed the load balancer's health check ` +
      `for 3 minutes. See \`kubectl get pods -l deployment-safety/slot=${slot}\`. ${advice(stack)}`,
  };
}

function loadBalancerErrors(
  { stack }: ReleaseAlarmsArgs,
  dimensions: Dimensions,
): cloudwatch.MetricAlarmArgs {
  return {
    ...above,
    ...minutes,
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    threshold: minFailures,
    namespace: "AWS/ApplicationELB",
    // 502, 503 and 504 that the load balancer made itself: pods that are gone or do not answer. No target group has this
    // metric, so a slot whose pods are dead has an error rate of 0.
    metricName: "HTTPCode_ELB_5XX_Count",
    statistic: "Sum",
    dimensions,
    // Reported only where there are some.
    treatMissingData: "notBreaching",
    alarmDescription:
      `The load balancer itself answered ${minFailures} or more requests in a minute with 5xx, in 2 minutes of 3: a slot of ` +
      `${stack}, or another application on the same load balancer, has no pod that answers. It also rings while traffic ` +
      `is paused on purpose. ${advice(stack)}`,
  };
}
