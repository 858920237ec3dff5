import type { Declared } from "../rule";
import { types } from "../types";
import { isObject, listAt, unknown, valueAt } from "../propertyValues";

/** Where each kind of workload keeps its pods. */
const podPaths: Readonly<Record<string, string>> = {
  [types.deployment]: "spec.template",
  [types.statefulSet]: "spec.template",
  [types.daemonSet]: "spec.template",
  [types.job]: "spec.template",
  [types.cronJob]: "spec.jobTemplate.spec.template",
  [types.pod]: "",
};

/** Every type that runs pods, and those whose pods run until they are told to end. */
export const podTypes: readonly string[] = Object.keys(podPaths);
export const serverTypes: readonly string[] = [types.deployment, types.statefulSet, types.daemonSet];

const inPod = ({ type }: Declared, path: string): string =>
  [podPaths[type], path].filter((part) => part !== "").join(".");

/** Path of a workload's pod spec. */
export const podSpecPath = (workload: Declared): string => inPod(workload, "spec");

export const containersOf = (workload: Declared): unknown[] =>
  listAt(workload.properties, `${podSpecPath(workload)}.containers`);

/** The labels of a workload's pods. */
export function podLabels(workload: Declared): Record<string, unknown> {
  const labels = valueAt(workload.properties, inPod(workload, "metadata.labels"));
  return isObject(labels) ? labels : {};
}

/** Whether a pod has all of a selector's labels, of which there must be at least one. */
export function selects(selector: unknown, labels: Readonly<Record<string, unknown>>): boolean {
  if (selector === unknown) return true;
  if (!isObject(selector)) return false;
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => isSame(labels[key], value));
}

/** Whether two values are, or may be, the same. */
export const isSame = (one: unknown, other: unknown): boolean =>
  one === other || one === unknown || other === unknown;

/** Name and namespace of an object in Kubernetes. */
export const objectName = ({ properties }: Declared): unknown => valueAt(properties, "metadata.name");
export const namespaceOf = ({ properties }: Declared): unknown => valueAt(properties, "metadata.namespace");

/** The slot that a workload's pods belong to; undefined if they belong to none. */
export const slotOf = (workload: Declared): unknown => podLabels(workload)["deployment-safety/slot"];
