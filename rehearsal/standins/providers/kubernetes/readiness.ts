/** When an object counts as ready, and why it is not: the rules of the real provider for the kinds that this program declares. */
import { isObject, type Props } from "../wire";
import type { Api, KubeObject } from "./api";

/** `failed` is final, no waiting will help; `why` are lines for the user. */
export type Readiness = { ready: true } | { ready: false; failed: boolean; why: string[] };

interface ContainerStatus {
  name: string;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: Ending };
  lastState?: { terminated?: Ending };
}
interface Ending {
  exitCode: number;
  message?: string;
}

const ready: Readiness = { ready: true };
const notReady = (failed: boolean, ...why: string[]): Readiness => ({ ready: false, failed, why });

/** An annotation of an object, or a label with `kind` "labels". */
export function annotation(object: Props, name: string, kind = "annotations"): string | undefined {
  const metadata = object["metadata"];
  const all = isObject(metadata) ? metadata[kind] : undefined;
  return isObject(all) && all[name] !== undefined ? String(all[name]) : undefined;
}

const conditionOf = (object: Props, type: string) =>
  ((object["status"] as Props | undefined)?.["conditions"] as Record<string, string>[] | undefined)?.find(
    (one) => one["type"] === type,
  );

/** Waiting reasons of a container that waiting does not mend. */
const hopeless =
  /^(ImagePullBackOff|CrashLoopBackOff|InvalidImageName|ErrImageNeverPull|CreateContainerConfigError)$/;

/** What a pod's containers say: why they wait, and the last lines of those that failed. */
function complaints(pod: KubeObject): { text: string; final: boolean }[] {
  const status = (pod["status"] ?? {}) as unknown as { [list: string]: ContainerStatus[] | undefined };
  const containers = [...(status["initContainerStatuses"] ?? []), ...(status["containerStatuses"] ?? [])];
  return containers.flatMap(({ name, state, lastState }) => {
    const { reason = "", message } = state?.waiting ?? {};
    const ended = state?.terminated ?? lastState?.terminated;
    const last =
      ended && ended.exitCode !== 0
        ? `ended with ${ended.exitCode}: ${ended.message?.trim() ?? "(no message)"}`
        : "";
    const text = [reason, message, last].filter(Boolean).join("; ");
    return text ? [{ text: `pod ${pod.metadata.name}, ${name}: ${text}`, final: hopeless.test(reason) }] : [];
  });
}

async function deployment(api: Api, object: KubeObject): Promise<Readiness> {
  const spec = object["spec"] as { replicas?: number; selector?: { matchLabels?: Record<string, string> } };
  const status = (object["status"] ?? {}) as Record<string, number | undefined>;
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec.replicas ?? 1;
  if (observedGeneration < Number(object.metadata["generation"]))
    return notReady(false, "the controller has not seen it yet");
  if ([replicas, updatedReplicas, availableReplicas].every((count) => count === wanted)) return ready;

  const labels = Object.entries(spec.selector?.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const revision = "deployment.kubernetes.io/revision";
  const sets = await api.list("apps/v1", "ReplicaSet", object, labels);
  const newest = sets.find((set) => annotation(set, revision) === annotation(object, revision));
  const hash = "pod-template-hash";
  const pods = await api.list(
    "v1",
    "Pod",
    object,
    `${labels},${hash}=${newest ? annotation(newest, hash, "labels") : ""}`,
  );
  const said = pods.flatMap(complaints);
  const counts = `${availableReplicas} of ${wanted} pods available, ${updatedReplicas} of this version, ${replicas - updatedReplicas} old`;
  const progress = conditionOf(object, "Progressing");
  const late = progress?.["reason"] === "ProgressDeadlineExceeded";
  const why = [counts, ...said.map(({ text }) => text), ...(late ? [progress["message"] ?? ""] : [])];
  return notReady(late || said.some(({ final }) => final), ...why);
}

async function job(api: Api, object: KubeObject): Promise<Readiness> {
  if (conditionOf(object, "Complete")?.["status"] === "True") return ready;
  const failure = conditionOf(object, "Failed");
  if (failure?.["status"] !== "True") return notReady(false, "the Job is not complete");
  const pods = await api.list("v1", "Pod", object, `batch.kubernetes.io/job-name=${object.metadata.name}`);
  const said = pods.flatMap(complaints).map(({ text }) => text);
  return notReady(true, `the Job failed: ${failure["reason"]}: ${failure["message"]}`, ...said);
}

async function service(api: Api, object: KubeObject): Promise<Readiness> {
  const spec = object["spec"] as { type?: string; clusterIP?: string; selector?: object };
  if (spec.type === "ExternalName" || spec.clusterIP === "None" || !spec.selector) return ready;
  const label = `kubernetes.io/service-name=${object.metadata.name}`;
  const slices = await api.list("discovery.k8s.io/v1", "EndpointSlice", object, label);
  const endpoints = slices.flatMap(
    (slice) => (slice["endpoints"] ?? []) as { conditions?: { ready?: boolean } }[],
  );
  if (endpoints.some(({ conditions }) => conditions?.ready !== false)) return ready;
  return notReady(
    false,
    "the Service has no ready pod (annotation pulumi.com/skipAwait: do not wait for one)",
  );
}

const rules: Readonly<Record<string, (api: Api, object: KubeObject) => Promise<Readiness>>> = {
  "apps/v1/Deployment": deployment,
  "batch/v1/Job": job,
  "v1/Service": service,
};

/** Whether `object`, as the API has it now, is ready; kinds without a rule always are. */
export async function readiness(api: Api, object: KubeObject): Promise<Readiness> {
  if (annotation(object, "pulumi.com/skipAwait") === "true") return ready;
  return (await rules[`${object.apiVersion}/${object.kind}`]?.(api, object)) ?? ready;
}
