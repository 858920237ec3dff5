import { propertyReporter } from "../propertyChecks";
import { mayName, names, ofType } from "../resourceGraph";
import { type Declared, type ReportViolation, stackRule } from "../rule";
import { types } from "../types";
import { listAt, maybe, shown, unknown, valueAt } from "../propertyValues";
import { type Share, isTestRule, sharesOf } from "./listenerRules";
import {
  containersOf,
  isSame,
  namespaceOf,
  objectName,
  podLabels,
  podSpecPath,
  selects,
} from "../release/workloads";

/** Rules about where traffic goes. */

/** The path from a target group to its pods: bindings, their Services, and the workloads that those select. */
function pathOf(resources: readonly Declared[], group: Declared) {
  const bindings = ofType(resources, types.binding).filter((one) =>
    mayName(one, "spec.targetGroupARN", group),
  );
  const services = ofType(resources, types.service).filter((service) =>
    bindings.some(
      (one) =>
        isSame(valueAt(one.properties, "spec.serviceRef.name"), objectName(service)) &&
        isSame(namespaceOf(one), namespaceOf(service)),
    ),
  );
  const workloads = ofType(resources, types.deployment, types.statefulSet).filter((workload) =>
    services.some(
      (service) =>
        isSame(namespaceOf(service), namespaceOf(workload)) &&
        selects(valueAt(service.properties, "spec.selector"), podLabels(workload)),
    ),
  );
  return { bindings, services, workloads };
}

/**
 * The shares of a rule, with the target groups that each may belong to. In a preview several ARNs of one rule may be unknown,
 * and its references do not say which is which: then their order does.
 */
function sharedGroups(resources: readonly Declared[], rule: Declared): (Share & { groups: Declared[] })[] {
  const shares = sharesOf(rule);
  const groups = ofType(resources, types.targetGroup);
  const made = groups.filter((group) => rule.references.actions?.includes(group.urn));
  const groupsOf = (arn: unknown, index: number): Declared[] => {
    if (arn !== unknown) return groups.filter((group) => names(rule, "actions", arn, group) !== "no");
    if (made.length === 0) return groups;
    return made.length === shares.length ? made.slice(index, index + 1) : [];
  };
  return shares.map((share, index) => ({ ...share, groups: groupsOf(share.arn, index) }));
}

export const noTrafficWithoutPods = stackRule({
  id: "no-traffic-without-pods",
  area: "traffic",
  severity: "critical",
  rows: ["A4", "A5"],
  description: "Except for a slot's test rule, no rule gives weight to a target group without pods.",
  why: "An empty target group answers every request with 503.",
  remedy: "Load a release into the slot first, or set its weight to 0.",
  checkStack(resources, report) {
    for (const rule of ofType(resources, types.listenerRule).filter((one) => !isTestRule(one)))
      for (const { at, weight, groups } of sharedGroups(resources, rule)) {
        if (weight === 0 || weight === unknown) continue;
        for (const group of groups.filter((one) => !hasPods(resources, one)))
          report(rule, {
            at,
            found: `${shown(weight)} for target group ${group.name}, which no pod serves`,
            required: "pods behind it, or weight 0",
            fix: "Load a release into the slot, and give it weight in the next update.",
          });
      }
  },
});

const hasPods = (resources: readonly Declared[], group: Declared): boolean =>
  pathOf(resources, group).workloads.some(({ properties }) =>
    // Without a number Kubernetes starts one pod.
    maybe(valueAt(properties, "spec.replicas") ?? 1, (replicas) => Number(replicas) > 0),
  );

export const slotReachableForTests = stackRule({
  id: "slot-reachable-for-tests",
  area: "traffic",
  severity: "high",
  rows: ["A5"],
  description: "Every target group also has a test rule of its own, which requires a header.",
  why: "A target group in no rule never becomes healthy, and a slot that smoke tests cannot reach is tested on people.",
  remedy: "Declare a listener rule with `httpHeader` for each target group, before the weighted one.",
  checkStack(resources, report) {
    const rules = ofType(resources, types.listenerRule);
    const testRules = rules.filter(isTestRule);
    const reached = testRules
      .flatMap((rule) => sharedGroups(resources, rule))
      .flatMap(({ groups }) => groups);
    for (const group of ofType(resources, types.targetGroup))
      if (!reached.includes(group))
        report(group, {
          found: "no rule that requires a header and forwards to it",
          required: "a test rule of its own",
          fix: "Declare a listener rule with a condition `httpHeader` that forwards only to this target group.",
        });
    for (const test of testRules)
      for (const weighted of rules.filter((one) => !isTestRule(one))) {
        const [first, second] = [test, weighted].map((one) => valueAt(one.properties, "priority"));
        if (valueAt(test.properties, "listenerArn") !== valueAt(weighted.properties, "listenerArn")) continue;
        if (typeof first === "number" && typeof second === "number" && first > second)
          report(test, {
            at: "priority",
            found: `${first}, after ${second} of ${weighted.name}`,
            required: "a lower number than the weighted rule's",
            fix: "Otherwise the weighted rule takes the request first.",
          });
      }
  },
});

export const podsEndAfterDrain = stackRule({
  id: "pods-end-after-drain",
  area: "traffic",
  severity: "high",
  rows: ["A5"],
  description:
    "A pod behind a target group is ready only once it is a healthy target, answers until it is drained, and then has time to finish.",
  why: "A pod that ends while the load balancer still sends to it causes a handful of 502s in every rolling update.",
  remedy:
    "Set `lifecycle.preStop.sleep.seconds` above `deregistrationDelay`, `terminationGracePeriodSeconds` of at least both together, and the readiness gate of the binding.",
  checkStack(resources, report) {
    for (const group of ofType(resources, types.targetGroup)) {
      const { bindings, services, workloads } = pathOf(resources, group);
      const isOpen =
        bindings.some((one) => valueAt(one.properties, "spec.serviceRef.name") === unknown) ||
        services.some((one) => valueAt(one.properties, "spec.selector") === unknown);
      // Nothing can be checked until it is known which pods it sends to.
      if (isOpen) continue;
      for (const binding of bindings) checkServiceRef(binding, services, report);
      for (const workload of workloads) {
        checkShutdown(workload, group, report);
        checkReadinessGates(workload, bindings, report);
      }
    }
  },
});

function checkServiceRef(binding: Declared, services: readonly Declared[], report: ReportViolation): void {
  const [name, port] = ["name", "port"].map((key) => valueAt(binding.properties, `spec.serviceRef.${key}`));
  const service = services.find((candidate) => isSame(objectName(candidate), name));
  const ports = service ? listAt(service.properties, "spec.ports") : [];
  if (!ports.some((entry) => [valueAt(entry, "port"), valueAt(entry, "name")].includes(port)))
    report(binding, {
      at: "spec.serviceRef",
      found: service ? `port ${shown(port)}` : shown(name),
      required: service ? "a port of its Service" : "a Service of the stack in its namespace",
      fix: "Name the Service and its port.",
    });
}

/** A pod that is told to end sleeps for longer than the drain takes, and is killed only after both and what it holds. */
function checkShutdown(workload: Declared, group: Declared, report: ReportViolation): void {
  const spec = podSpecPath(workload);
  const delay = valueAt(group.properties, "deregistrationDelay");
  const grace = valueAt(workload.properties, `${spec}.terminationGracePeriodSeconds`) ?? 30;
  const sleep = containersOf(workload)
    .map((container) => valueAt(container, "lifecycle.preStop.sleep.seconds"))
    .find((value) => value !== undefined);
  if (typeof delay !== "number" || sleep === unknown) return;
  const reportAt = propertyReporter(workload, report, "Raise it.");
  if (typeof sleep !== "number" || sleep <= delay)
    reportAt(
      `${spec}.containers[].lifecycle.preStop.sleep.seconds`,
      sleep,
      `more than ${delay}, the deregistration delay of ${group.name}`,
    );
  if (typeof sleep === "number" && typeof grace === "number" && grace < sleep + delay)
    reportAt(
      `${spec}.terminationGracePeriodSeconds`,
      grace,
      `at least ${sleep + delay}: sleep and drain together`,
    );
}

function checkReadinessGates(
  workload: Declared,
  bindings: readonly Declared[],
  report: ReportViolation,
): void {
  const at = `${podSpecPath(workload)}.readinessGates`;
  const gates = valueAt(workload.properties, at);
  const wanted = bindings.map((binding) => `target-health.elbv2.k8s.aws/${String(objectName(binding))}`);
  const has = listAt(workload.properties, at).map((gate) => valueAt(gate, "conditionType"));
  if (gates !== unknown && !wanted.every((gate) => has.includes(gate)))
    propertyReporter(workload, report)(at, gates, wanted.join(", "), "Add the binding's gate.");
}
