import { checkProperties, isArn, isBetween, isOneOf, isTrue } from "../propertyChecks";
import { resourceRule } from "../rule";
import { types } from "../types";

/** Rules about a target group by itself. */
export const targetsHealthChecked = resourceRule<{ maxSeconds: number }>({
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
    maxSeconds: {
      type: "integer",
      description: "Seconds after which a bad pod gets no requests: interval times unhealthy threshold.",
      default: 30,
      minimum: 10,
      maximum: 600,
    },
  },
  types: [types.targetGroup],
  check(group, report, { maxSeconds }) {
    const fix = "Set it.";
    checkProperties(
      group,
      [
        {
          path: "name",
          allows: (name) => /^[A-Za-z0-9-]{1,32}$/.test(String(name)),
          required: "a fixed name, by which alarms and dashboards find it",
          fix,
        },
        {
          path: "vpcId",
          allows: (id) => /^vpc-[0-9a-f]+$/.test(String(id)),
          required: "the VPC of its targets",
          fix,
        },
        { path: "port", allows: isBetween(1, 65_535), required: "a port", fix },
        { path: "protocol", allows: isOneOf("HTTP", "HTTPS"), required: "HTTP or HTTPS", fix },
        { path: "targetType", allows: isOneOf("ip", "instance"), required: "ip", fix },
        {
          path: "deregistrationDelay",
          allows: isBetween(1, 300),
          required: "1 to 300 seconds",
          fix: "Set it; 0 cuts off requests in flight, and the default of 300 delays every update.",
        },
        { path: "healthCheck.enabled", allows: isTrue, mayBeUnset: true, required: "true", fix },
        {
          path: "healthCheck.protocol",
          allows: isOneOf("HTTP", "HTTPS"),
          required: "HTTP or HTTPS: an open port is no proof",
          fix,
        },
        {
          path: "healthCheck.path",
          allows: (path) => /^\/\S+$/.test(String(path)),
          required: "a path that says whether the pod is ready, such as /ready",
          fix,
        },
        {
          path: "healthCheck.matcher",
          allows: (matcher) => /^2\d\d([-,]2\d\d)*$/.test(String(matcher)),
          required: "2xx",
          fix,
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
        { path: "healthCheck.timeout", allows: isBetween(2, 10), required: "2 to 10 seconds", fix },
        {
          path: "healthCheck.healthyThreshold",
          allows: isBetween(2, 3),
          required: "2 or 3",
          fix: "Set 2; the default is 3 to 5.",
        },
        { path: "healthCheck.unhealthyThreshold", allows: isBetween(2, 5), required: "2 to 5", fix },
      ],
      report,
    );
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
    const fix = "Set it.";
    checkProperties(
      one,
      [
        {
          path: "metadata.name",
          allows: (name) => name !== "*",
          required: "a fixed name: pods name it in a readiness gate",
          fix,
        },
        { path: "metadata.namespace", allows: (name) => name !== "*", required: "a namespace", fix },
        {
          path: "spec.serviceRef.name",
          allows: (name) => name !== "*",
          required: "the name of a Service",
          fix,
        },
        {
          path: "spec.serviceRef.port",
          allows: (port) => port !== 0 && port !== "*" && port !== false,
          required: "a port of the Service",
          fix,
        },
        { path: "spec.targetGroupARN", allows: isArn, required: "the ARN of a target group", fix },
        { path: "spec.targetType", allows: isOneOf("ip", "instance"), required: "ip", fix },
      ],
      report,
    );
  },
});
