import { checkProperties, isFalse, isOneOf, isTrue } from "../propertyChecks";
import { isSet, unknown, valueAt } from "../propertyValues";
import { resourceRule } from "../rule";
import { podSpecPath, podTypes } from "./workloads";

/** Rules about what a pod runs, and what it may do. */

/** An image by digest. */
export const byDigest = (value: unknown): boolean =>
  typeof value === "string" && /^[^\s@]+@sha256:[0-9a-f]{64}$/.test(value);

export const imageNamedByDigest = resourceRule({
  id: "image-named-by-digest",
  area: "release",
  severity: "critical",
  rows: ["A4", "C4"],
  description: "Every container's image is named by digest.",
  why: "A tag can be moved to other code: a rollback would then start something that never ran.",
  remedy: "Give `image` as name@sha256:<64 hex digits>; the build writes it into releases/<version>.json.",
  types: podTypes,
  check(workload, report) {
    const fix = "Name it by digest: name@sha256:<64 hex digits>.";
    const required = "an image by digest";
    const spec = podSpecPath(workload);
    checkProperties(workload, report, [
      { path: `${spec}.containers[].image`, allows: byDigest, required, fix },
      ...(isSet(valueAt(workload.properties, `${spec}.initContainers`))
        ? [{ path: `${spec}.initContainers[].image`, allows: byDigest, required, fix }]
        : []),
    ]);
  },
});

export const podsContained = resourceRule({
  id: "pods-contained",
  area: "release",
  severity: "medium",
  rows: ["A5"],
  description:
    "A pod runs without root or extra privileges, on a read-only file system, with resource requests and a memory limit.",
  why: "A release that leaks memory or writes where it should not must not take down its neighbours, such as the other slot.",
  remedy:
    "Set `securityContext` of pod and container, `automountServiceAccountToken: false` and `resources`.",
  types: podTypes,
  check(workload, report) {
    const spec = podSpecPath(workload);
    const container = `${spec}.containers[]`;
    const quantity = (value: unknown): boolean =>
      /^[1-9][\d.]*(m|[KMGT]i?)?$|^0\.\d*[1-9]\d*$/.test(String(value));
    checkProperties(workload, report, [
      { path: `${spec}.securityContext.runAsNonRoot`, allows: isTrue, required: "true" },
      {
        path: `${spec}.securityContext.seccompProfile.type`,
        allows: isOneOf("RuntimeDefault", "Localhost"),
        required: "RuntimeDefault",
      },
      { path: `${spec}.automountServiceAccountToken`, allows: isFalse, required: "false" },
      { path: `${container}.securityContext.allowPrivilegeEscalation`, allows: isFalse, required: "false" },
      { path: `${container}.securityContext.readOnlyRootFilesystem`, allows: isTrue, required: "true" },
      {
        path: `${container}.securityContext.capabilities.drop`,
        allows: (drop) => drop === unknown || (Array.isArray(drop) && drop.includes("ALL")),
        required: '["ALL"]',
      },
      { path: `${container}.resources.requests.cpu`, allows: quantity, required: "a share of CPU" },
      { path: `${container}.resources.requests.memory`, allows: quantity, required: "an amount of memory" },
      { path: `${container}.resources.limits.memory`, allows: quantity, required: "a limit of memory" },
    ]);
  },
});
