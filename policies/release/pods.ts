import { type PropertyCheck, checkProperties, isBetween, isFalse, isOneOf, isTrue } from "../propertyChecks";
import { resourceRule } from "../rule";
import { types } from "../types";
import { isSet, listAt, shown, unknown, valueAt } from "../propertyValues";
import { podLabels, podSpecPath, podTypes, selects, serverTypes } from "./workloads";

/** Rules about a workload by itself. */

/** An image by digest. */
export const byDigest = (value: unknown): boolean =>
  typeof value === "string" && /^[^\s@]+@sha256:[0-9a-f]{64}$/.test(value);

export const images = resourceRule({
  id: "image-named-by-digest",
  area: "release",
  severity: "critical",
  rows: ["A4", "C4"],
  description: "Every container's image is named by digest.",
  why: "A tag can be moved to other code: the rollback would then bring back something that never ran.",
  remedy: "Give `image` as name@sha256:<64 hex digits>; the build writes it into releases/<version>.json.",
  types: podTypes,
  check(workload, report) {
    const fix = "Name it by digest: name@sha256:<64 hex digits>.";
    const required = "an image by digest";
    const spec = podSpecPath(workload);
    checkProperties(
      workload,
      [
        { path: `${spec}.containers[].image`, allows: byDigest, required, fix },
        ...(isSet(valueAt(workload.properties, `${spec}.initContainers`))
          ? [{ path: `${spec}.initContainers[].image`, allows: byDigest, required, fix }]
          : []),
      ],
      report,
    );
  },
});

/** What each probe must say; times in seconds. */
const probes: readonly { name: string; longestPeriod: number; most: number; why: string }[] = [
  { name: "startupProbe", longestPeriod: 10, most: 300, why: "a slow start is not a dead process" },
  { name: "readinessProbe", longestPeriod: 10, most: 3, why: "a pod that cannot answer gets no requests" },
  { name: "livenessProbe", longestPeriod: 30, most: 10, why: "a process that hangs is restarted" },
];

export const probed = resourceRule({
  id: "pods-probed",
  area: "release",
  severity: "critical",
  rows: ["A5"],
  description: "Every container that serves says how its start, its readiness and its life are asked.",
  why: "Without readiness traffic reaches a pod that cannot answer; without liveness one that hangs stays.",
  remedy:
    "Give `startupProbe`, `readinessProbe` and `livenessProbe`, each with path, port, period, time-out and threshold.",
  types: serverTypes,
  check(workload, report) {
    const spec = podSpecPath(workload);
    const fields: PropertyCheck[] = probes.flatMap(({ name, longestPeriod, most, why }) => {
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
          required: "a probe with `httpGet`, `tcpSocket`, `grpc` or `exec`, and where it asks",
          fix,
        },
        {
          path: `${at}.httpGet.path`,
          // Where another way is used there is none.
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
          fix: "Set it: the default of 1 second ends an answer that only is slow.",
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
    checkProperties(workload, fields, (violation, resource) => {
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

export const contained = resourceRule({
  id: "pods-contained",
  area: "release",
  severity: "medium",
  rows: ["A5"],
  description:
    "A pod runs without root, without more rights, on a read-only file system, with requests and a limit of memory.",
  why: "A release that leaks memory or writes where it should not must not take its neighbours, the other slot among them, along.",
  remedy:
    "Set `securityContext` of pod and container, `automountServiceAccountToken: false` and `resources`.",
  types: podTypes,
  check(workload, report) {
    const spec = podSpecPath(workload);
    const container = `${spec}.containers[]`;
    const quantity = (value: unknown): boolean =>
      /^[1-9][\d.]*(m|[KMGT]i?)?$|^0\.\d*[1-9]\d*$/.test(String(value));
    const fix = "Set it.";
    checkProperties(
      workload,
      [
        { path: `${spec}.securityContext.runAsNonRoot`, allows: isTrue, required: "true", fix },
        {
          path: `${spec}.securityContext.seccompProfile.type`,
          allows: isOneOf("RuntimeDefault", "Localhost"),
          required: "RuntimeDefault",
          fix,
        },
        { path: `${spec}.automountServiceAccountToken`, allows: isFalse, required: "false", fix },
        {
          path: `${container}.securityContext.allowPrivilegeEscalation`,
          allows: isFalse,
          required: "false",
          fix,
        },
        {
          path: `${container}.securityContext.readOnlyRootFilesystem`,
          allows: isTrue,
          required: "true",
          fix,
        },
        {
          path: `${container}.securityContext.capabilities.drop`,
          allows: (drop) => drop === unknown || (Array.isArray(drop) && drop.includes("ALL")),
          required: '["ALL"]',
          fix,
        },
        { path: `${container}.resources.requests.cpu`, allows: quantity, required: "a share of CPU", fix },
        {
          path: `${container}.resources.requests.memory`,
          allows: quantity,
          required: "an amount of memory",
          fix,
        },
        {
          path: `${container}.resources.limits.memory`,
          allows: quantity,
          required: "a limit of memory",
          fix,
        },
      ],
      report,
    );
  },
});

export const rollout = resourceRule({
  id: "rollout-keeps-capacity",
  area: "release",
  severity: "high",
  rows: ["A5", "C4"],
  description:
    "A Deployment replaces its pods without ever having fewer, fails within minutes, and finds its own pods.",
  why: "With `maxUnavailable` above 0 a bad image takes good pods away before the first new one is ready.",
  remedy:
    "Set `replicas`, `minReadySeconds`, `progressDeadlineSeconds`, a `RollingUpdate` with `maxUnavailable: 0`, and a selector of the pods' labels.",
  types: [types.deployment],
  check(deployment, report) {
    const fix = "Set it.";
    checkProperties(
      deployment,
      [
        {
          path: `${podSpecPath(deployment)}.terminationGracePeriodSeconds`,
          allows: isBetween(5, 3600),
          required: "5 seconds to an hour",
          fix: "Set it to what a pod needs to finish or put back what it holds; the default is 30.",
        },
        {
          path: "metadata.name",
          allows: (name) => name !== "*",
          required: "a fixed name, by which commands and budgets find it",
          fix,
        },
        { path: "metadata.namespace", allows: (name) => name !== "*", required: "a namespace", fix },
        { path: "spec.replicas", allows: isBetween(0, 1000), required: "a number", fix },
        { path: "spec.minReadySeconds", allows: isBetween(1, 600), required: "1 second or more", fix },
        {
          path: "spec.progressDeadlineSeconds",
          allows: isBetween(30, 900),
          required: "30 to 900 seconds",
          fix: "Set it; the default is 600.",
        },
        {
          path: "spec.strategy.type",
          allows: isOneOf("RollingUpdate"),
          mayBeUnset: true,
          required: "RollingUpdate",
          fix: "With Recreate there is a gap.",
        },
        {
          path: "spec.strategy.rollingUpdate.maxUnavailable",
          allows: isOneOf(0, "0", "0%"),
          required: "0",
          fix: "Set it; the default is 25 %.",
        },
        {
          path: "spec.strategy.rollingUpdate.maxSurge",
          allows: (value) => /^[1-9]\d*%?$/.test(String(value)),
          required: "more than 0",
          fix: "Set it; with 0 and no pod unavailable nothing can be replaced.",
        },
      ],
      report,
    );
    const selector = valueAt(deployment.properties, "spec.selector.matchLabels");
    const identity = ["app.kubernetes.io/name", "app.kubernetes.io/component", "deployment-safety/slot"];
    const labels = podLabels(deployment);
    // Of labels that pods have, a selector without one takes another Deployment's pods as well.
    const isWhole = identity.every(
      (label) => labels[label] === undefined || valueOfLabel(selector, label) !== undefined,
    );
    if (selector !== unknown && !(selects(selector, labels) && isWhole))
      report(
        {
          at: "spec.selector.matchLabels",
          found: shown(selector),
          required: `labels that its pods have: ${shown(podLabels(deployment))}`,
          fix: "Give selector and pods the same labels.",
        },
        deployment,
      );
  },
});

const valueOfLabel = (selector: unknown, label: string): unknown =>
  (selector as Record<string, unknown> | undefined)?.[label];

export const spread = resourceRule({
  id: "pods-spread-out",
  area: "release",
  severity: "medium",
  rows: ["A5"],
  description: "The pods of a Deployment are spread over zones and over nodes.",
  why: "Three pods on one node are one pod: its loss takes the whole slot.",
  remedy: "Set `topologySpreadConstraints` for zone and host name, with the pods' labels.",
  types: [types.deployment],
  check(deployment, report) {
    const at = `${podSpecPath(deployment)}.topologySpreadConstraints`;
    const fix = "Set it.";
    checkProperties(
      deployment,
      [
        { path: `${at}[].maxSkew`, allows: isBetween(1, 5), required: "1 to 5", fix },
        {
          path: `${at}[].topologyKey`,
          allows: isOneOf("topology.kubernetes.io/zone", "kubernetes.io/hostname"),
          required: "topology.kubernetes.io/zone or kubernetes.io/hostname",
          fix,
        },
        {
          path: `${at}[].whenUnsatisfiable`,
          allows: isOneOf("ScheduleAnyway", "DoNotSchedule"),
          required: "ScheduleAnyway or DoNotSchedule",
          fix,
        },
        {
          path: `${at}[].labelSelector.matchLabels`,
          allows: (labels) =>
            selects(labels, podLabels(deployment)) && Object.keys(labels as object).length > 2,
          required: "the pods' labels, all of them",
          fix: "Give the labels of the Deployment's own selector.",
        },
      ],
      report,
    );
    const list = valueAt(deployment.properties, at);
    const keys = listAt(deployment.properties, at).map((entry) => valueAt(entry, "topologyKey"));
    for (const key of ["topology.kubernetes.io/zone", "kubernetes.io/hostname"])
      if (list !== unknown && !keys.includes(unknown) && !keys.includes(key))
        report({ at, found: shown(keys), required: `a constraint over ${key}`, fix: "Add it." }, deployment);
  },
});
