import { type PropertyCheck, checkProperties, isBetween } from "../propertyChecks";
import { isSet, listAt, unknown, valueAt } from "../propertyValues";
import { resourceRule } from "../rule";
import { podSpecPath, serverTypes } from "./workloads";

/** The rule about how a pod is asked whether it started, is ready and is alive. */

/** What each probe must say: the longest period (seconds) and the most failures that it may allow. */
const probes: readonly { name: string; longestPeriod: number; most: number; why: string }[] = [
  { name: "startupProbe", longestPeriod: 10, most: 300, why: "a slow start is not a dead process" },
  { name: "readinessProbe", longestPeriod: 10, most: 3, why: "a pod that cannot answer gets no requests" },
  { name: "livenessProbe", longestPeriod: 30, most: 10, why: "a process that hangs is restarted" },
];

export const podsProbed = resourceRule({
  id: "pods-probed",
  area: "release",
  severity: "critical",
  rows: ["A5"],
  description: "Every container that serves has a startup, a readiness and a liveness probe.",
  why: "Without a readiness probe traffic reaches a pod that cannot answer; without a liveness probe a hanging one stays.",
  remedy:
    "Give `startupProbe`, `readinessProbe` and `livenessProbe`, each with path, port, period, time-out and threshold.",
  types: serverTypes,
  check(workload, report) {
    const spec = podSpecPath(workload);
    const checks: PropertyCheck[] = probes.flatMap(({ name, longestPeriod, most, why }) => {
      const at = `${spec}.containers[].${name}`;
      const fix = `Set it: ${why}.`;
      return [
        {
          path: at,
          allows: (probe: unknown) => {
            const ways = ["httpGet", "tcpSocket", "grpc", "exec"]
              .map((way) => valueAt(probe, way))
              .filter(isSet);
            const [way] = ways;
            return (
              ways.length === 1 &&
              (way === unknown ||
                isSet(valueAt(way, "port")) ||
                listAt(way, "command").some((word) => typeof word === "string" && word !== ""))
            );
          },
          required: "a probe with `httpGet`, `tcpSocket`, `grpc` or `exec`, and its target",
          fix,
        },
        {
          path: `${at}.httpGet.path`,
          // A probe of another kind has none; the violation is dropped below.
          mayBeUnset: false,
          allows: (path: unknown) => typeof path === "string" && path.startsWith("/") && path.length > 1,
          required: "a path of its own, such as /ready",
          fix,
        },
        {
          path: `${at}.httpGet.port`,
          allows: (port: unknown) => port !== 0 && port !== "*" && port !== false,
          required: "a port",
          fix,
        },
        {
          path: `${at}.periodSeconds`,
          allows: isBetween(1, longestPeriod),
          required: `1 to ${longestPeriod} seconds`,
          fix,
        },
        {
          path: `${at}.timeoutSeconds`,
          allows: isBetween(1, longestPeriod),
          required: `1 to ${longestPeriod} seconds`,
          fix: "Set it: the default of 1 second cuts off an answer that is merely slow.",
        },
        { path: `${at}.failureThreshold`, allows: isBetween(1, most), required: `1 to ${most}`, fix },
      ];
    });
    const usesHttp = (path: string): boolean => {
      const probe = /containers\[\d+\]\.\w+Probe/.exec(path)?.[0];
      const value = probe && valueOfIndexed(workload.properties, `${spec}.${probe}`);
      return (
        !isSet(valueAt(value, "tcpSocket")) &&
        !isSet(valueAt(value, "grpc")) &&
        !isSet(valueAt(value, "exec"))
      );
    };
    checkProperties(workload, checks, (violation, resource) => {
      if (violation.at?.includes(".httpGet.") && !usesHttp(violation.at)) return;
      report(violation, resource);
    });
  },
});

/** The value at a path with indices, such as `containers[0].image`. */
function valueOfIndexed(root: unknown, path: string): unknown {
  return path
    .split(/[.[\]]+/)
    .filter(Boolean)
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], root);
}
