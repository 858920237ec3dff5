import { ofType } from "../resourceGraph";
import { type Declared, stackRule } from "../rule";
import { types } from "../types";
import { isObject, isSet, listAt, shown, unknown, valueAt } from "../propertyValues";
import { isSame, namespaceOf, podLabels, podSpecPath, selects, serverTypes, slotOf } from "./workloads";

/** Rules about the workloads of a slot together. */

const imagesOf = (workload: Declared): unknown[] =>
  listAt(workload.properties, `${podSpecPath(workload)}.containers`).map((container) =>
    valueAt(container, "image"),
  );

export const oneImage = stackRule({
  id: "slot-runs-one-image",
  area: "release",
  severity: "critical",
  rows: ["A4", "C4"],
  description: "Everything in a slot, web and workers, runs the same image.",
  why: "A rollback takes a slot's release back as a whole; workers of another release go on writing in its form.",
  remedy: "Give web and workers of a slot the image of the slot's release.",
  checkStack(resources, report) {
    const bySlot = new Map<string, Declared[]>();
    for (const workload of ofType(resources, ...serverTypes)) {
      if (slotOf(workload) === undefined) continue;
      const key = `${shown(namespaceOf(workload))} ${shown(slotOf(workload))}`;
      bySlot.set(key, [...(bySlot.get(key) ?? []), workload]);
    }
    for (const workloads of bySlot.values()) {
      const [first, ...others] = workloads.map((workload) => ({
        workload,
        images: imagesOf(workload).filter((one) => one !== unknown),
      }));
      for (const { workload, images } of others)
        if (
          first &&
          images.length > 0 &&
          first.images.length > 0 &&
          images.some((image) => !first.images.includes(image))
        )
          report(
            {
              at: "containers[].image",
              found: images.map(shown).join(", "),
              required: `${first.images.map(shown).join(", ")}, as ${first.workload.name} has it`,
              fix: "Give both the image of the slot's release.",
            },
            workload,
          );
    }
  },
});

export const disruption = stackRule({
  id: "pods-disruption-budgeted",
  area: "release",
  severity: "high",
  rows: ["A5"],
  description:
    "Every Deployment and StatefulSet has a disruption budget of its own that lets some pods go, one at a time as it should be, and not all of them.",
  why: "Without one a drain of nodes ends every pod at once; one that lets none go blocks each upgrade of the cluster.",
  remedy: "Declare a PodDisruptionBudget with `maxUnavailable: 1` and the Deployment's labels.",
  checkStack(resources, report) {
    const budgets = ofType(resources, types.disruptionBudget);
    for (const workload of ofType(resources, types.deployment, types.statefulSet)) {
      if (Object.values(podLabels(workload)).includes(unknown)) continue;
      const own = budgets.filter(
        (budget) =>
          isSame(namespaceOf(budget), namespaceOf(workload)) &&
          selects(valueAt(budget.properties, "spec.selector.matchLabels"), podLabels(workload)),
      );
      if (own.length === 0)
        report(
          {
            found: "no disruption budget",
            required: "one whose selector takes its pods",
            fix: "Declare a PodDisruptionBudget with `maxUnavailable: 1` and the same labels and namespace.",
          },
          workload,
        );
    }
    for (const budget of budgets) {
      const { properties } = budget;
      const [most, least] = ["maxUnavailable", "minAvailable"].map((key) =>
        valueAt(properties, `spec.${key}`),
      );
      if (most === unknown || least === unknown) continue;
      const isRight = isSet(most)
        ? /^([1-9]\d?%?)$/.test(String(most))
        : isSet(least) && /^[1-9]\d*%?$/.test(String(least)) && String(least) !== "100%";
      if (!isRight)
        report(
          {
            at: "spec.maxUnavailable",
            found: `${shown(most)} (minAvailable ${shown(least)})`,
            required: "a number of pods that may go: neither none nor all",
            fix: "Set `maxUnavailable` to 1.",
          },
          budget,
        );
      const taken = ofType(resources, types.deployment, types.statefulSet).filter((workload) =>
        selects(valueAt(properties, "spec.selector.matchLabels"), podLabels(workload)),
      );
      const given = valueAt(properties, "spec.selector.matchLabels");
      if (given === unknown) continue;
      // Pods of another application in the namespace may carry the rest of them, and a pod under two budgets is never drained.
      const own =
        taken.length === 1 && taken[0] ? valueAt(taken[0].properties, "spec.selector.matchLabels") : {};
      const missing =
        isObject(own) && isObject(given) ? Object.keys(own).filter((key) => !(key in given)) : [];
      if (taken.length !== 1 || missing.length > 0)
        report(
          {
            at: "spec.selector.matchLabels",
            found: shown(given),
            required: `all the labels by which one Deployment of the stack finds its pods; these take ${taken.length}${missing.length > 0 ? ` and lack ${missing.join(", ")}` : ""}`,
            fix: "Give it all of the Deployment's labels: a budget over web and workers together may take the last web pod.",
          },
          budget,
        );
    }
  },
});

export const service = stackRule({
  id: "service-selects-one-slot",
  area: "release",
  severity: "critical",
  rows: ["A4"],
  description:
    "A Service behind a target group selects the web pods of one slot, and sends to a port that they have.",
  why: "A Service that selects both slots mixes the canary into the live slot's traffic, whatever the weights say.",
  remedy: "Set `spec.selector` to the labels of the slot's web pods, the slot's among them.",
  checkStack(resources, report) {
    const bindings = ofType(resources, types.binding);
    for (const one of ofType(resources, types.service)) {
      const name = valueAt(one.properties, "metadata.name");
      if (
        !bindings.some(
          (binding) =>
            valueAt(binding.properties, "spec.serviceRef.name") === name &&
            namespaceOf(binding) === namespaceOf(one),
        )
      )
        continue;
      const fault = (at: string, found: unknown, required: string, fix: string) =>
        report({ at, found: shown(found), required, fix }, one);
      const selector = valueAt(one.properties, "spec.selector");
      if (selector === unknown) continue;
      const labels = (typeof selector === "object" && selector !== null ? selector : {}) as Record<
        string,
        unknown
      >;
      const taken = ofType(resources, ...serverTypes).filter(
        (workload) => namespaceOf(workload) === namespaceOf(one) && selects(selector, podLabels(workload)),
      );
      const slotsTaken = new Set(taken.map((workload) => slotOf(workload)));
      for (const label of ["deployment-safety/slot", "app.kubernetes.io/component", "app.kubernetes.io/name"])
        if (!isSet(labels[label]) || labels[label] === "*" || typeof labels[label] !== "string")
          fault(`spec.selector.${label}`, labels[label], "the label of the slot's web pods", "Add it.");
      if (slotsTaken.size > 1)
        fault("spec.selector", selector, "the pods of one slot", "Add the label of the slot.");
      const ports = listAt(one.properties, "spec.ports");
      for (const [index, port] of ports.entries()) {
        const target = valueAt(port, "targetPort");
        const isThere = taken.every((workload) =>
          listAt(workload.properties, `${podSpecPath(workload)}.containers`)
            .flatMap((container) => listAt(container, "ports"))
            .some(
              (open) =>
                target === unknown ||
                [valueAt(open, "name"), valueAt(open, "containerPort")].includes(target),
            ),
        );
        if (!isSet(target) || !isThere)
          fault(`spec.ports[${index}].targetPort`, target, "a port of the pods", "Name it.");
        const protocol = valueAt(port, "protocol");
        if (protocol !== undefined && protocol !== unknown && protocol !== "TCP")
          fault(`spec.ports[${index}].protocol`, protocol, "TCP", "Set it.");
        const number = valueAt(port, "port");
        if (number !== unknown && !(typeof number === "number" && number > 0))
          fault(`spec.ports[${index}].port`, number, "a port", "Set it.");
      }
      const type = valueAt(one.properties, "spec.type");
      if (type !== undefined && type !== unknown && type !== "ClusterIP" && type !== "NodePort")
        fault("spec.type", type, "ClusterIP", "The load balancer reaches the pods themselves.");
    }
    for (const workload of ofType(resources, ...serverTypes).filter((one) => slotOf(one) !== undefined))
      for (const label of ["app.kubernetes.io/name", "app.kubernetes.io/component"])
        if (!isSet(podLabels(workload)[label]))
          report(
            {
              at: `labels.${label}`,
              found: "not set",
              required: "the label by which Services, budgets and metrics tell pods apart",
              fix: "Set it.",
            },
            workload,
          );
  },
});
