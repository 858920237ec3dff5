import type { Slot } from "../stack/names";
import { aboveInTwoOfThree, advice, query, type AlarmSettings, type AlarmSpec } from "./alarm";

/** The alarms of one slot, by its own target group: the whole service cannot see a canary that has a tenth of the traffic. */
export function slotAlarms(slot: Slot, given: AlarmSettings): AlarmSpec[] {
  return [errors, latency, unhealthyHosts, healthyHosts, connectionErrors].map((alarm) => alarm(slot, given));
}

type SlotAlarm = (slot: Slot, given: AlarmSettings) => AlarmSpec;

/** Requests in a minute below which a ratio or a percentile says nothing: at 1 % they would be chance. */
const minRequests = 100;

/** So many failures in a minute count whatever the number of requests is: a quiet night must not hide an outage. */
const minFailures = 10;

const requestsOf = (slot: Slot) => query(slot, "requests", "RequestCount");

/**
 * Share of 5xx answers that the slot's pods gave. Counted from 100 requests or 10 failures a minute on, so that one failure
 * of a quiet night does not ring and an outage then does. No data is no request, and an idle slot has none. The count of
 * failures is reported only where there are some, so it is filled; the newest minute may be filled too early, which is why
 * two minutes of three are asked for (CloudWatch user guide, metric math, FILL).
 */
const errors: SlotAlarm = (slot, { stack, settings }) => {
  const { maxErrorPercent } = settings.alarms;
  return {
    ...aboveInTwoOfThree,
    key: `${slot}-errors`,
    threshold: maxErrorPercent,
    queries: [requestsOf(slot), query(slot, "failed", "HTTPCode_Target_5XX_Count")],
    expression: `IF(requests >= ${minRequests} OR FILL(failed, 0) >= ${minFailures}, 100 * FILL(failed, 0) / requests, 0)`,
    label: `5xx of slot ${slot}, percent`,
    description:
      `More than ${maxErrorPercent} % of the requests that slot ${slot} of ${stack} answered in a minute were 5xx, ` +
      `in 2 minutes of 3 (counted from ${minRequests} requests or ${minFailures} failures on). ${advice(stack)}`,
  };
};

/**
 * The slowest request in twenty. A percentile of a few requests is one of them, so it counts from 100 a minute on. No data
 * is no request, and then nothing was slow.
 */
const latency: SlotAlarm = (slot, { stack, settings }) => {
  const { latencyMs } = settings.slo;
  return {
    ...aboveInTwoOfThree,
    key: `${slot}-latency`,
    threshold: latencyMs / 1000,
    queries: [requestsOf(slot), query(slot, "slowest", "TargetResponseTime", "p95")],
    expression: `IF(requests >= ${minRequests}, slowest, 0)`,
    label: `95th percentile of slot ${slot}, seconds`,
    description:
      `One request in twenty to slot ${slot} of ${stack} took longer than ${latencyMs} ms, in 2 minutes of 3 ` +
      `(counted from ${minRequests} requests a minute on). ${advice(stack)}`,
  };
};

/**
 * Pods that fail the load balancer's check, for all of three minutes: one that is only starting is unhealthy for less. No
 * minimum of samples, since a pod is one. No data is a group without a target, and an empty slot is meant to have none. A
 * live slot that lost all its targets shows in the load balancer's own 503s.
 */
const unhealthyHosts: SlotAlarm = (slot, { stack, settings }) => {
  const { maxUnhealthyHosts } = settings.alarms;
  return {
    ...aboveInTwoOfThree,
    datapointsToAlarm: 3,
    key: `${slot}-unhealthy-hosts`,
    threshold: maxUnhealthyHosts,
    queries: [query(slot, "unhealthy", "UnHealthyHostCount", "Maximum")],
    label: `unhealthy pods of slot ${slot}`,
    description:
      `More than ${maxUnhealthyHosts} pods of slot ${slot} of ${stack} have failed the load balancer's health check ` +
      `for 3 minutes. See \`kubectl get pods -l deployment-safety/slot=${slot}\`. ${advice(stack)}`,
  };
};

/**
 * Too few pods behind a slot that answers requests. Judged only in minutes with requests, so that a slot that is loading,
 * idle or empty is not asked for pods it need not have yet: otherwise the value is the least that is allowed. No data is a
 * group without a target, which gets no request either, and the load balancer's 503s show it.
 */
const healthyHosts: SlotAlarm = (slot, { stack, settings }) => {
  const least = settings.alarms.minHealthyHosts ?? Math.ceil(settings.sizing.web.replicas / 2);
  return {
    ...aboveInTwoOfThree,
    comparison: "LessThanThreshold",
    key: `${slot}-healthy-hosts`,
    threshold: least,
    queries: [requestsOf(slot), query(slot, "healthy", "HealthyHostCount", "Minimum")],
    expression: `IF(FILL(requests, 0) > 0, healthy, ${least})`,
    label: `healthy pods of slot ${slot} while it has requests`,
    description:
      `Slot ${slot} of ${stack} answers requests with fewer than ${least} healthy pods, in 2 minutes of 3. ` +
      `See \`kubectl get pods -l deployment-safety/slot=${slot}\`. ${advice(stack)}`,
  };
};

/**
 * Connections to pods that could not be made: the only figure by slot that shows dead pods, because the load balancer and not
 * the target group counts the 502 that the caller gets. A count, so it needs no minimum of requests. Reported only where
 * there are some, so no data is none.
 */
const connectionErrors: SlotAlarm = (slot, { stack, settings }) => {
  const { maxConnectionErrors } = settings.alarms;
  return {
    ...aboveInTwoOfThree,
    key: `${slot}-connection-errors`,
    threshold: maxConnectionErrors,
    queries: [query(slot, "refused", "TargetConnectionErrorCount")],
    label: `connections to slot ${slot} that failed, a minute`,
    description:
      `The load balancer could not connect to pods of slot ${slot} of ${stack} more than ${maxConnectionErrors} times ` +
      `in a minute, in 2 minutes of 3: they are gone or do not listen. ${advice(stack)}`,
  };
};
