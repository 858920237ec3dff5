import { checkProperties, isBetween, isOneOf, propertyReporter } from "../propertyChecks";
import { isObject, listAt, shown, unknown, valueAt } from "../propertyValues";
import { resourceRule } from "../rule";
import { types } from "../types";
import { podLabels, podSpecPath, selects } from "./workloads";

/** Rules about how a Deployment replaces its pods and where it puts them. */

export const rolloutKeepsCapacity = resourceRule({
  id: "rollout-keeps-capacity",
  area: "release",
  severity: "high",
  rows: ["A5", "C4"],
  description:
    "A Deployment replaces its pods without ever having fewer, fails within minutes, and selects only its own pods.",
  why: "With `maxUnavailable` above 0 a bad image removes good pods before the first new one is ready.",
  remedy:
    "Set `replicas`, `minReadySeconds`, `progressDeadlineSeconds`, a `RollingUpdate` with `maxUnavailable: 0`, and a selector of the pods' labels.",
  types: [types.deployment],
  check(deployment, report) {
    checkProperties(deployment, report, [
      {
        path: `${podSpecPath(deployment)}.terminationGracePeriodSeconds`,
        allows: isBetween(5, 3600),
        required: "5 seconds to an hour",
        fix: "Set it to the time that a pod needs to finish or hand back its work; the default is 30.",
      },
      {
        path: "metadata.name",
        allows: (name) => name !== "*",
        required: "a fixed name, by which commands and budgets find it",
      },
      { path: "metadata.namespace", allows: (name) => name !== "*", required: "a namespace" },
      { path: "spec.replicas", allows: isBetween(0, 1000), required: "a number" },
      { path: "spec.minReadySeconds", allows: isBetween(1, 600), required: "1 second or more" },
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
        fix: "Set it; with 0 and no pod unavailable, no pod can be replaced.",
      },
    ]);
    const selector = valueAt(deployment.properties, "spec.selector.matchLabels");
    const identity = ["app.kubernetes.io/name", "app.kubernetes.io/component", "deployment-safety/slot"];
    const labels = podLabels(deployment);
    // A selector that lacks one of these labels takes another Deployment's pods as well.
    const isWhole =
      isObject(selector) &&
      identity.every((label) => labels[label] === undefined || selector[label] !== undefined);
    if (selector !== unknown && !(isWhole && selects(selector, labels)))
      propertyReporter(deployment, report)(
        "spec.selector.matchLabels",
        selector,
        `labels that its pods have: ${shown(labels)}`,
        "Give selector and pods the same labels.",
      );
  },
});

/** What the pods are spread over. */
const domains = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"];

export const podsSpreadOut = resourceRule({
  id: "pods-spread-out",
  area: "release",
  severity: "medium",
  rows: ["A5"],
  description: "The pods of a Deployment are spread over zones and over nodes.",
  why: "Three pods on one node are as good as one: losing the node loses the slot.",
  remedy: "Set `topologySpreadConstraints` for zone and host name, with the pods' labels.",
  types: [types.deployment],
  check(deployment, report) {
    const at = `${podSpecPath(deployment)}.topologySpreadConstraints`;
    checkProperties(deployment, report, [
      { path: `${at}[].maxSkew`, allows: isBetween(1, 5), required: "1 to 5" },
      {
        path: `${at}[].topologyKey`,
        allows: isOneOf(...domains),
        required: domains.join(" or "),
      },
      {
        path: `${at}[].whenUnsatisfiable`,
        allows: isOneOf("ScheduleAnyway", "DoNotSchedule"),
        required: "ScheduleAnyway or DoNotSchedule",
      },
      {
        path: `${at}[].labelSelector.matchLabels`,
        allows: (labels) =>
          selects(labels, podLabels(deployment)) && Object.keys(labels as object).length > 2,
        required: "the pods' labels, all of them",
        fix: "Give the labels of the Deployment's own selector.",
      },
    ]);
    const list = valueAt(deployment.properties, at);
    const keys = listAt(deployment.properties, at).map((entry) => valueAt(entry, "topologyKey"));
    for (const key of domains)
      if (list !== unknown && !keys.includes(unknown) && !keys.includes(key))
        propertyReporter(deployment, report)(at, keys, `a constraint over ${key}`, "Add it.");
  },
});
