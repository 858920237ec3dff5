import { checkProperties, isArn, isBetween, isOneOf, isPort, isTrue } from "../propertyChecks";
import { integerSetting, resourceRule } from "../rule";
import { types } from "../types";

/** Rules about a target group by itself. */
export const targetsHealthChecked = resourceRule({
  id: "targets-health-checked",
  area: "traffic",
  severity: "critical",
  rows: ["A5"],
  description:
    "A target group checks that each pod is ready, and within seconds stops sending to one that is not.",
  why: "AWS's defaults ask for / every 30 s and wait for two failures: a minute of errors for everybody that pod serves.",
  remedy:
    "Set `healthCheck` with its own path, matcher 200, interval, time-out and thresholds, and `deregistrationDelay`.",
  settings: {
    maxSeconds: integerSetting(
      "Seconds after which a bad pod gets no requests: interval times unhealthy threshold.",
      30,
      [10, 600],
    ),
  },
  types: [types.targetGroup],
  check(group, report, { maxSeconds }) {
    checkProperties(group, report, [
      {
        path: "name",
        allows: (name) => /^[A-Za-z0-9-]{1,32}$/.test(String(name)),
        required: "a fixed name, by which alarms and dashboards find it",
      },
      {
        path: "vpcId",
        allows: (id) => /^vpc-[0-9a-f]+$/.test(String(id)),
        required: "the VPC of its targets",
      },
      { path: "port", allows: isBetween(1, 65_535), required: "a port" },
      { path: "protocol", allows: isOneOf("HTTP", "HTTPS"), required: "HTTP or HTTPS" },
      { path: "targetType", allows: isOneOf("ip", "instance"), required: "ip" },
      {
        path: "deregistrationDelay",
        allows: isBetween(1, 300),
        required: "1 to 300 seconds",
        fix: "Set it; 0 cuts off requests in flight, and the default of 300 delays every update.",
      },
      { path: "healthCheck.enabled", allows: isTrue, mayBeUnset: true, required: "true" },
      {
        path: "healthCheck.protocol",
        allows: isOneOf("HTTP", "HTTPS"),
        required: "HTTP or HTTPS: an open port is no proof",
      },
      {
        path: "healthCheck.path",
        allows: (path) => /^\/\S+$/.test(String(path)),
        required: "a path that says whether the pod is ready, such as /ready",
      },
      {
        path: "healthCheck.matcher",
        allows: (matcher) => /^2\d\d([-,]2\d\d)*$/.test(String(matcher)),
        required: "2xx",
      },
      {
        path: "healthCheck.interval",
        allows: (interval, { properties }) => {
          const check = properties.healthCheck as { unhealthyThreshold?: unknown } | undefined;
          const times = typeof check?.unhealthyThreshold === "number" ? check.unhealthyThreshold : 2;
          return isBetween(5, maxSeconds / times)(interval);
        },
        required: `an interval that removes a bad pod within ${maxSeconds} seconds`,
        fix: "Set 5; the default is 30.",
      },
      { path: "healthCheck.timeout", allows: isBetween(2, 10), required: "2 to 10 seconds" },
      {
        path: "healthCheck.healthyThreshold",
        allows: isBetween(2, 3),
        required: "2 or 3",
        fix: "Set 2; the default is 3 to 5.",
      },
      { path: "healthCheck.unhealthyThreshold", allows: isBetween(2, 5), required: "2 to 5" },
    ]);
  },
});

export const targetBindingComplete = resourceRule({
  id: "target-binding-complete",
  area: "traffic",
  severity: "high",
  rows: ["A5"],
  description: "A TargetGroupBinding names its Service, the Service's port, and its target group.",
  why: "Without it no pod becomes a target, and a pod with a readiness gate never becomes ready.",
  remedy: "Set `serviceRef.name`, `serviceRef.port`, `targetGroupARN` and `targetType`.",
  types: [types.binding],
  check(one, report) {
    checkProperties(one, report, [
      {
        path: "metadata.name",
        allows: (name) => name !== "*",
        required: "a fixed name: pods name it in a readiness gate",
      },
      { path: "metadata.namespace", allows: (name) => name !== "*", required: "a namespace" },
      { path: "spec.serviceRef.name", allows: (name) => name !== "*", required: "the name of a Service" },
      {
        path: "spec.serviceRef.port",
        allows: isPort,
        required: "a port of the Service",
      },
      { path: "spec.targetGroupARN", allows: isArn, required: "the ARN of a target group" },
      { path: "spec.targetType", allows: isOneOf("ip", "instance"), required: "ip" },
    ]);
  },
});
