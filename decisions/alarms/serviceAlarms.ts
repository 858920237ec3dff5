import { slots } from "../stack/names";
import { aboveInTwoOfThree, advice, query, type AlarmSettings, type AlarmSpec } from "./alarm";

/**
 * 502, 503 and 504 that the load balancer made itself, because pods are gone or do not answer. No target group has these
 * metrics, so a slot whose pods are dead has an error rate of 0. While traffic is paused the 503s are meant, and only 502
 * and 504 count. A count, so it needs no minimum of requests. Reported only where there are some: no data is none.
 */
export function loadBalancerErrors({ stack, settings }: AlarmSettings): AlarmSpec {
  const { maxLoadBalancerErrors } = settings.alarms;
  const isPaused = settings.release.traffic === "paused";
  const queries = (isPaused ? [502, 504] : [502, 503, 504]).map((code) =>
    query("loadBalancer", `e${code}`, `HTTPCode_ELB_${code}_Count`),
  );
  return {
    ...aboveInTwoOfThree,
    key: "load-balancer-errors",
    threshold: maxLoadBalancerErrors,
    queries,
    expression: queries.map(({ id }) => `FILL(${id}, 0)`).join(" + "),
    label: "answers that the load balancer made itself, a minute",
    description:
      `The load balancer itself answered more than ${maxLoadBalancerErrors} requests in a minute with ` +
      `${isPaused ? "502 or 504 (503 is meant, traffic is paused)" : "502, 503 or 504"}, in 2 minutes of 3: a slot of ` +
      `${stack}, or another application on the same load balancer, has no pod that answers. ${advice(stack)}`,
  };
}

/**
 * No request reached a pod for `alarms.maxQuietMinutes`. The one alarm where no data is breaching: the load balancer
 * reports nothing at all while nothing comes, and what looks like a night without errors may be a rule, a certificate or a
 * name that is wrong. It does not say that a release is bad, so it is in no composite. Absent where the config asks for
 * none, and while traffic is paused, for then nothing is meant to come.
 */
export function noTraffic({ stack, settings }: AlarmSettings): AlarmSpec[] {
  const { maxQuietMinutes } = settings.alarms;
  if (maxQuietMinutes === 0 || settings.release.traffic === "paused") return [];
  return [
    {
      key: "no-traffic",
      period: 60,
      evaluationPeriods: maxQuietMinutes,
      datapointsToAlarm: maxQuietMinutes,
      comparison: "LessThanThreshold",
      threshold: 1,
      missing: "breaching",
      rings: true,
      queries: slots.map((slot) => query(slot, slot, "RequestCount")),
      expression: slots.map((slot) => `FILL(${slot}, 0)`).join(" + "),
      label: "requests to both slots, a minute",
      description:
        `No request has reached ${stack} for ${maxQuietMinutes} minutes. Ask for the address from outside: DNS, ` +
        `certificate, listener rule. See \`make smoke STACK=${stack}\` and \`make status STACK=${stack}\`.`,
    },
  ];
}
