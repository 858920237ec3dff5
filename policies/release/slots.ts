import { type ReportAt, propertyReporter } from "../propertyChecks";
import { ofType } from "../resourceGraph";
import { type Declared, type ReportViolation, stackRule } from "../rule";
import { types } from "../types";
import { isObject, isSet, listAt, shown, unknown, valueAt } from "../propertyValues";
import {
  containersOf,
  isSame,
  namespaceOf,
  objectName,
  podLabels,
  selects,
  serverTypes,
  slotOf,
} from "./workloads";

/** Rules about the workloads of a slot as a whole. */

const imagesOf = (workload: Declared): unknown[] =>
  containersOf(workload)
    .map((container) => valueAt(container, "image"))
    .filter((image) => image !== unknown);

export const slotRunsOneImage = stackRule({
  id: "slot-runs-one-image",
  area: "release",
  severity: "critical",
  rows: ["A4", "C4"],
  description: "Web and workers of a slot run the same image.",
  why: "A rollback reverts a slot's release as a whole; workers of another release would go on writing their own format.",
  remedy: "Give web and workers of a slot the image of the slot's release.",
  checkStack(resources, report) {
    const bySlot = new Map<string, Declared[]>();
    for (const workload of ofType(resources, ...serverTypes)) {
      if (slotOf(workload) === undefined) continue;
      const key = `${shown(namespaceOf(workload))} ${shown(slotOf(workload))}`;
      bySlot.set(key, [...(bySlot.get(key) ?? []), workload]);
    }
    for (const workloads of bySlot.values()) {
      const [first, ...others] = workloads.map((workload) => ({ workload, images: imagesOf(workload) }));
      if (!first || first.images.length === 0) continue;
      for (const { workload, images } of others)
        if (images.some((image) => !first.images.includes(image)))
          report(workload, {
            at: "containers[].image",
            found: images.map(shown).join(", "),
            required: `${first.images.map(shown).join(", ")}, as ${first.workload.name} has it`,
            fix: "Give both the image of the slot's release.",
          });
    }
  },
});

export const podsDisruptionBudgeted = stackRule({
  id: "pods-disruption-budgeted",
  area: "release",
  severity: "high",
  rows: ["A5"],
  description:
    "Every Deployment and StatefulSet has its own disruption budget, which allows some pods to be evicted, best one at a time, but never all.",
  why: "Without a budget, draining nodes evicts every pod at once; a budget that allows none blocks every cluster upgrade.",
  remedy: "Declare a PodDisruptionBudget with `maxUnavailable: 1` and the Deployment's labels.",
  checkStack(resources, report) {
    const budgets = ofType(resources, types.disruptionBudget);
    const workloads = ofType(resources, types.deployment, types.statefulSet);
    for (const workload of workloads) {
      if (Object.values(podLabels(workload)).includes(unknown)) continue;
      const isBudgeted = budgets.some(
        (budget) =>
          isSame(namespaceOf(budget), namespaceOf(workload)) &&
          selects(selectorOf(budget), podLabels(workload)),
      );
      if (!isBudgeted)
        report(workload, {
          found: "no disruption budget",
          required: "one whose selector takes its pods",
          fix: "Declare a PodDisruptionBudget with `maxUnavailable: 1` and the same labels and namespace.",
        });
    }
    for (const budget of budgets) checkBudget(budget, workloads, report);
  },
});

const selectorOf = ({ properties }: Declared): unknown => valueAt(properties, "spec.selector.matchLabels");

function checkBudget(budget: Declared, workloads: readonly Declared[], report: ReportViolation): void {
  const [most, least] = ["maxUnavailable", "minAvailable"].map((key) =>
    valueAt(budget.properties, `spec.${key}`),
  );
  if (most === unknown || least === unknown) return;
  const isRight = isSet(most)
    ? /^[1-9]\d?%?$/.test(String(most))
    : isSet(least) && /^[1-9]\d*%?$/.test(String(least)) && String(least) !== "100%";
  if (!isRight)
    report(budget, {
      at: "spec.maxUnavailable",
      found: `${shown(most)} (minAvailable ${shown(least)})`,
      required: "a number of pods that may be evicted: neither none nor all",
      fix: "Set `maxUnavailable` to 1.",
    });
  const given = selectorOf(budget);
  if (given === unknown) return;
  const taken = workloads.filter((workload) => selects(given, podLabels(workload)));
  const own = taken.length === 1 && taken[0] ? selectorOf(taken[0]) : {};
  // Otherwise the budget may also select pods of another application, and a pod under two budgets cannot be evicted.
  const missing = isObject(own) && isObject(given) ? Object.keys(own).filter((key) => !(key in given)) : [];
  const lacks = missing.length > 0 ? ` and lack ${missing.join(", ")}` : "";
  if (taken.length !== 1 || missing.length > 0)
    report(budget, {
      at: "spec.selector.matchLabels",
      found: shown(given),
      required: `all the labels by which one Deployment of the stack finds its pods; these take ${taken.length}${lacks}`,
      fix: "Give it all of the Deployment's labels: a budget over web and workers together may take the last web pod.",
    });
}

export const serviceSelectsOneSlot = stackRule({
  id: "service-selects-one-slot",
  area: "release",
  severity: "critical",
  rows: ["A4"],
  description:
    "A Service behind a target group selects the web pods of one slot, and sends to one of their ports.",
  why: "A Service that selects both slots mixes the canary into the live slot's traffic, whatever the weights say.",
  remedy: "Set `spec.selector` to the labels of the slot's web pods, including `deployment-safety/slot`.",
  checkStack(resources, report) {
    const bindings = ofType(resources, types.binding);
    const servers = ofType(resources, ...serverTypes);
    for (const service of ofType(resources, types.service)) {
      const isBound = bindings.some(
        (binding) =>
          valueAt(binding.properties, "spec.serviceRef.name") === objectName(service) &&
          namespaceOf(binding) === namespaceOf(service),
      );
      if (isBound && valueAt(service.properties, "spec.selector") !== unknown)
        checkService(service, servers, report);
    }
    for (const workload of servers.filter((one) => slotOf(one) !== undefined))
      for (const label of ["app.kubernetes.io/name", "app.kubernetes.io/component"])
        if (!isSet(podLabels(workload)[label]))
          propertyReporter(workload, report)(
            `labels.${label}`,
            undefined,
            "the label by which Services, budgets and metrics tell pods apart",
          );
  },
});

function checkService(service: Declared, servers: readonly Declared[], report: ReportViolation): void {
  const reportAt = propertyReporter(service, report);
  const selector = valueAt(service.properties, "spec.selector");
  const labels = isObject(selector) ? selector : {};
  const selected = servers.filter(
    (workload) => namespaceOf(workload) === namespaceOf(service) && selects(selector, podLabels(workload)),
  );
  for (const label of ["deployment-safety/slot", "app.kubernetes.io/component", "app.kubernetes.io/name"])
    if (!isSet(labels[label]) || labels[label] === "*" || typeof labels[label] !== "string")
      reportAt(`spec.selector.${label}`, labels[label], "the label of the slot's web pods", "Add it.");
  if (new Set(selected.map(slotOf)).size > 1)
    reportAt("spec.selector", selector, "the pods of one slot", "Add the label of the slot.");
  for (const [index, port] of listAt(service.properties, "spec.ports").entries())
    checkPort(port, `spec.ports[${index}]`, selected, reportAt);
  const type = valueAt(service.properties, "spec.type");
  if (type !== undefined && type !== unknown && type !== "ClusterIP" && type !== "NodePort")
    reportAt("spec.type", type, "ClusterIP", "The load balancer reaches the pods themselves.");
}

function checkPort(port: unknown, at: string, selected: readonly Declared[], reportAt: ReportAt): void {
  const [target, protocol, number] = ["targetPort", "protocol", "port"].map((key) => valueAt(port, key));
  const hasPort = (workload: Declared): boolean =>
    containersOf(workload)
      .flatMap((container) => listAt(container, "ports"))
      .some(
        (open) =>
          target === unknown || [valueAt(open, "name"), valueAt(open, "containerPort")].includes(target),
      );
  if (!isSet(target) || !selected.every(hasPort))
    reportAt(`${at}.targetPort`, target, "a port of the pods", "Name it.");
  if (protocol !== undefined && protocol !== unknown && protocol !== "TCP")
    reportAt(`${at}.protocol`, protocol, "TCP");
  if (number !== unknown && !(typeof number === "number" && number > 0))
    reportAt(`${at}.port`, number, "a port");
}
