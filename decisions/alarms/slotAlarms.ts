import type { Slot } from "../stack/names";
import { advice, minFailures, minRequests, threeOfThree, twoOfThree } from "./alarm";
import type { AlarmSettings, AlarmSpec, Query } from "./alarm";

/** The alarms of one slot, by its own target group: the whole service cannot see a canary that has a tenth of the traffic. */
export function slotAlarms(slot: Slot, given: AlarmSettings): AlarmSpec[] {
  return [errors, latency, unhealthyHosts, healthyHosts, connectionErrors].map((alarm) => alarm(slot, given));
}

type SlotAlarm = (slot: Slot, given: AlarmSettings) => AlarmSpec;

const requestsOf = (slot: Slot): Query => ({
  id: "requests",
  metricName: "RequestCount",
  stat: "Sum",
  of: slot,
});

/**
 * Share of 5xx answers that the slot's pods gave. Counted from 100 requests or 10 failures a minute on, so that one failure
 * of a quiet night does not ring and an outage then does. No data is no request, and an idle slot has none: not breaching.
 * The count of failures is reported only where there are some, so it is filled; the newest minute may be filled too early,
 * which is why two minutes of three are asked for (CloudWatch user guide, metric math, FILL).
 */
const errors: SlotAlarm = (slot, { stack, settings }) => {
  const { maxErrorPercent } = settings.alarms;
  return {
    key: `${slot}-errors`,
    ...twoOfThree,
    comparison: "GreaterThanThreshold",
    threshold: maxErrorPercent,
    missing: "notBreaching",
    rings: true,
    queries: [
      requestsOf(slot),
      { id: "failed", metricName: "HTTPCode_Target_5XX_Count", stat: "Sum", of: slot },
    ],
    expression: `IF(requests >= ${minRequests} OR FILL(failed, 0) >= ${minFailures}, 100 * FILL(failed, 0) / requests, 0)`,
    label: `5xx of slot ${slot}, percent`,
    description:
      `More than ${maxErrorPercent} % of the requests that slot ${slot} of ${stack} answered in a minute were 5xx, ` +
      `in 2 minutes of 3 (counted from ${minRequests} requests or ${minFailures} failures on). ${advice(stack)}`,
  };
};

/**
 * The slowest request in twenty. A percentile of a few requests is one of them, so it counts from 100 a minute on. No data
 * is no request, and then nothing was slow: not breaching.
 */
const latency: SlotAlarm = (slot, { stack, settings }) => {
  const { latencyMs } = settings.slo;
  return {
    key: `${slot}-latency`,
    ...twoOfThree,
    comparison: "GreaterThanThreshold",
    threshold: latencyMs / 1000,
    missing: "notBreaching",
    rings: true,
    queries: [requestsOf(slot), { id: "slowest", metricName: "TargetResponseTime", stat: "p95", of: slot }],
    expression: `IF(requests >= ${minRequests}, slowest, 0)`,
    label: `95th percentile of slot ${slot}, seconds`,
    description:
      `One request in twenty to slot ${slot} of ${stack} took longer than ${latencyMs} ms, in 2 minutes of 3 ` +
      `(counted from ${minRequests} requests a minute on). ${advice(stack)}`,
  };
};

/**
 * Pods that fail the load balancer's check, for all of three minutes: one that is only starting is unhealthy for less. No
 * minimum of samples, since a pod is one. No data is a group without a target, and an empty slot is meant to have none: not
 * breaching. A live slot that lost all its targets shows in the load balancer's own 503s.
 */
const unhealthyHosts: SlotAlarm = (slot, { stack, settings }) => {
  const { maxUnhealthyHosts } = settings.alarms;
  return {
    key: `${slot}-unhealthy-hosts`,
    ...threeOfThree,
    comparison: "GreaterThanThreshold",
    threshold: maxUnhealthyHosts,
    missing: "notBreaching",
    rings: true,
    queries: [{ id: "unhealthy", metricName: "UnHealthyHostCount", stat: "Maximum", of: slot }],
    label: `unhealthy pods of slot ${slot}`,
    description:
      `More than ${maxUnhealthyHosts} pods of slot ${slot} of ${stack} have failed the load balancer's health check ` +
      `for 3 minutes. See \`kubectl get pods -l deployment-safety/slot=${slot}\`. ${advice(stack)}`,
  };
};

/**
 * Too few pods behind a slot that answers requests. Judged only in minutes with requests, so that a slot that is loading,
 * idle or empty is not asked for pods it need not have yet: otherwise the value is the least that is allowed. No data is a
 * group without a target, which gets no request either: not breaching, and the load balancer's 503s show it.
 */
const healthyHosts: SlotAlarm = (slot, { stack, settings }) => {
  const least = settings.alarms.minHealthyHosts ?? Math.ceil(settings.sizing.web.replicas / 2);
  return {
    key: `${slot}-healthy-hosts`,
    ...twoOfThree,
    comparison: "LessThanThreshold",
    threshold: least,
    missing: "notBreaching",
    rings: true,
    queries: [requestsOf(slot), { id: "healthy", metricName: "HealthyHostCount", stat: "Minimum", of: slot }],
    expression: `IF(FILL(requests, 0) > 0, healthy, ${least})`,
    label: `healthy pods of slot ${slot} while it has requests`,
    description:
      `Slot ${slot} of ${stack} answers requests with fewer than ${least} healthy pods, in 2 minutes of 3. ` +
      `See \`kubectl get pods -l deployment-safety/slot=${slot}\`. ${advice(stack)}`,
  };
};

/**
 * Connections to pods that could not be made: the only figure by slot that shows pods that are dead, because the 502 that
 * the caller gets is counted by the load balancer and not by the target group. A count, so it needs no minimum of requests
 * beside its own. Reported only where there are some, so no data is none: not breaching.
 */
const connectionErrors: SlotAlarm = (slot, { stack, settings }) => {
  const { maxConnectionErrors } = settings.alarms;
  return {
    key: `${slot}-connection-errors`,
    ...twoOfThree,
    comparison: "GreaterThanThreshold",
    threshold: maxConnectionErrors,
    missing: "notBreaching",
    rings: true,
    queries: [{ id: "refused", metricName: "TargetConnectionErrorCount", stat: "Sum", of: slot }],
    label: `connections to slot ${slot} that failed, a minute`,
    description:
      `The load balancer could not connect to pods of slot ${slot} of ${stack} more than ${maxConnectionErrors} times ` +
      `in a minute, in 2 minutes of 3: they are gone or do not listen. ${advice(stack)}`,
  };
};
