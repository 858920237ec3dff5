import { type PropertyCheck, checkProperties, isBetween, isPort, isWord } from "../propertyChecks";
import { isSet, listAt, unknown, valueAt, valuesAt } from "../propertyValues";
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
    for (const { name, longestPeriod, most, why } of probes)
      for (const probe of valuesAt(workload.properties, `${podSpecPath(workload)}.containers[].${name}`)) {
        const fix = `Set it: ${why}.`;
        const usesHttp = !["tcpSocket", "grpc", "exec"].some((way) => isSet(valueAt(probe.value, way)));
        const seconds = { allows: isBetween(1, longestPeriod), required: `1 to ${longestPeriod} seconds` };
        checkProperties(
          workload,
          report,
          [
            {
              path: "",
              allows: hasOneTarget,
              required: "a probe with `httpGet`, `tcpSocket`, `grpc` or `exec`, and its target",
              fix,
            },
            ...(usesHttp ? httpChecks.map((check) => ({ ...check, fix })) : []),
            { path: "periodSeconds", ...seconds, fix },
            {
              path: "timeoutSeconds",
              ...seconds,
              fix: "Set it: the default of 1 second cuts off an answer that is merely slow.",
            },
            { path: "failureThreshold", allows: isBetween(1, most), required: `1 to ${most}`, fix },
          ],
          probe,
        );
      }
  },
});

/** Whether a probe asks in exactly one way, and that way says what it asks. */
function hasOneTarget(probe: unknown): boolean {
  const ways = ["httpGet", "tcpSocket", "grpc", "exec"].map((way) => valueAt(probe, way)).filter(isSet);
  const [way] = ways;
  return (
    ways.length === 1 &&
    (way === unknown ||
      isSet(valueAt(way, "port")) ||
      listAt(way, "command").some((word) => typeof word === "string" && word !== ""))
  );
}

const httpChecks: readonly PropertyCheck[] = [
  {
    path: "httpGet.path",
    allows: (path) => isWord(path) && String(path).startsWith("/"),
    required: "a path of its own, such as /ready",
  },
  { path: "httpGet.port", allows: isPort, required: "a port" },
];
