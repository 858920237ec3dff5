/** The stand-in for the Pulumi provider `kubernetes`: apply on the server, wait until ready, delete and wait until gone. */
import { setTimeout as sleep } from "node:timers/promises";
import { drifted, pathText } from "../diff";
import type { Call, Failure, Provider } from "../provider";
import { sdkVersion } from "../version";
import { InitFailed, isObject, nameFrom, unknown, type Props } from "../wire";
import { connect, type Api, type KubeObject } from "./api";
import { annotation, readiness, type Readiness } from "./readiness";

/** Seconds that a create, update or delete may take unless customTimeouts says otherwise; the real provider's default. */
const defaultLimit = 600;
/** Milliseconds between two polls of an object that is awaited. */
const pause = 200;
const autonamed = "pulumi.com/autonamed";
const replaceUnready = "pulumi.com/replaceUnready";

/** What cannot change in place, for every kind and by kind; the lists of the real provider. */
const identity = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
const immutable: Readonly<Record<string, string[]>> = {
  Deployment: ["spec.selector"],
  Job: ["spec.selector", "spec.template", "spec.completionMode"],
  Service: ["spec.clusterIP"],
  ConfigMap: ["data", "binaryData", "immutable"],
  Secret: ["data", "stringData", "type", "immutable"],
  RoleBinding: ["roleRef"],
  ClusterRoleBinding: ["roleRef"],
};

const metadataOf = (props: Props | undefined): Props =>
  isObject(props?.["metadata"]) ? props["metadata"] : {};

/** What state keeps of an object: not the server's record of who owns which field. */
function stateOf(object: KubeObject): { id: string; outputs: Props } {
  const { managedFields: _, ...metadata } = object.metadata;
  const { name, namespace } = object.metadata;
  return { id: namespace ? `${namespace}/${name}` : name, outputs: { ...object, metadata } };
}

const where = (props: Props): string =>
  `${String(metadataOf(props)["namespace"])}/${String(metadataOf(props)["name"])}`;

/** The inputs with an automatic name if they have none; it stays the same over updates. */
function named(call: Call, inputs: Props, old: Props | undefined, seed: Uint8Array): Props {
  const metadata = metadataOf(inputs);
  if (metadata["name"] !== undefined) return inputs;
  const before = old && annotation(old, autonamed) === "true" ? metadataOf(old)["name"] : undefined;
  const annotations = { ...(metadata["annotations"] as Props | undefined), [autonamed]: "true" };
  return {
    ...inputs,
    metadata: { ...metadata, name: before ?? nameFrom(`${call.name}-`, seed), annotations },
  };
}

function failuresOf(type: string, inputs: Props): Failure[] {
  const [, group = "", kind = ""] = type.split(":");
  if (!/^([a-z0-9.-]+\/)?v\d\w*$/.test(group) || group.startsWith("helm.sh/")) {
    throw new Error(`The rehearsal has no ${type}: it applies Kubernetes objects, not charts or files.`);
  }
  const name = metadataOf(inputs)["name"];
  const valid = name === unknown || /^[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?$/.test(String(name));
  const rules: [string, boolean, string][] = [
    ["apiVersion", typeof inputs["apiVersion"] === "string", "apiVersion is required"],
    ["kind", inputs["kind"] === kind, `kind is ${String(inputs["kind"])}; it must be ${kind}`],
    ["metadata.name", valid, `metadata.name is ${String(name)}; it must be at most 253 of a-z, 0-9, - and .`],
  ];
  return rules.filter(([, fits]) => !fits).map(([property, , reason]) => ({ property, reason }));
}

/** Polls until `poll` returns a value; undefined when the limit has passed. Throws if the engine cancels. */
async function until<T>(call: Call, poll: () => Promise<T | undefined>): Promise<T | undefined> {
  const end = Date.now() + (call.timeoutSeconds || defaultLimit) * 1000;
  for (;;) {
    const value = await poll();
    if (value !== undefined || Date.now() >= end) return value;
    await sleep(pause, undefined, { signal: call.signal });
  }
}

/** Applies and waits; whatever goes wrong once the object exists is an {@link InitFailed}, so that it is in state. */
async function applyAndWait(api: Api, call: Call, inputs: Props): Promise<{ id: string; outputs: Props }> {
  const started = Date.now();
  const applied = await api.apply(inputs as KubeObject);
  let [latest, last, shown]: [KubeObject, Readiness | undefined, string] = [applied, undefined, ""];
  const fail = (what: string) => {
    const seconds = Math.round((Date.now() - started) / 1000);
    const why = last?.ready === false ? last.why : [];
    return new InitFailed({ ...stateOf(latest), inputs }, [
      `${latest.kind} ${stateOf(latest).id} ${what} after ${seconds} s`,
      ...why,
    ]);
  };
  const final = await until(call, async () => {
    latest = (await api.get(applied)) ?? latest;
    last = await readiness(api, latest);
    if (last.ready || last.failed) return last;
    const [line = ""] = last.why;
    if (line !== shown) call.status((shown = line));
    return undefined;
  }).catch((error: Error) => {
    throw fail(
      call.signal.aborted
        ? `was given up (${(call.signal.reason as Error).message})`
        : `could not be read (${error.message})`,
    );
  });
  if (final?.ready) return stateOf(latest);
  throw fail(final ? "failed" : "is not ready");
}

/** The provider; it connects to a cluster at the first call that needs one. */
export function kubernetesProvider(): Provider {
  const connections = new Map<string, Promise<Api>>();
  const apiFor = ({ config }: Call): Promise<Api> => {
    const key = JSON.stringify(config);
    const api = connections.get(key) ?? connect(config);
    connections.set(key, api);
    api.catch(() => connections.delete(key));
    return api;
  };
  /** True for a Job that asks to be replaced once it is not ready. As in the real provider, an error means "do not know". */
  const isUnready = async (call: Call, old: Props, inputs: Props): Promise<boolean> => {
    if (inputs["kind"] !== "Job" || annotation(inputs, replaceUnready) !== "true") return false;
    try {
      const api = await apiFor(call);
      const live = await api.get(old as KubeObject);
      return live !== undefined && !(await readiness(api, live)).ready;
    } catch {
      return false;
    }
  };

  return {
    version: sdkVersion("kubernetes"),
    check(call, given, old, seed) {
      const inputs = named(call, given, old, seed);
      return { inputs, failures: failuresOf(call.type, inputs) };
    },
    async replacement(call, changes, old, inputs) {
      const fixed = [...identity, ...(immutable[String(old["kind"])] ?? [])];
      const replaces = changes
        .map(({ path }) => pathText(path))
        .filter((path) =>
          fixed.some(
            (prefix) => path === prefix || [".", "["].some((next) => path.startsWith(prefix + next)),
          ),
        );
      if (await isUnready(call, old, inputs)) replaces.push(`metadata.annotations["${replaceUnready}"]`);
      // Two objects cannot have one name; for an automatic one the engine asks for another.
      const same = where(old) === where(inputs) && annotation(inputs, autonamed) !== "true";
      return { replaces, deleteBeforeReplace: replaces.length > 0 && same };
    },
    preview: (_, inputs) => inputs,
    create: async (call, inputs) => applyAndWait(await apiFor(call), call, inputs),
    async read(call, id, old, oldInputs) {
      const [, group = "", kind = ""] = call.type.split(":");
      const [name = "", namespace] = id.split("/").reverse();
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
      const api = await apiFor(call);
      const found = await api.get({
        apiVersion: group.replace(/^core\//, ""),
        kind,
        ...old,
        metadata,
      });
      if (!found) return undefined;
      const state = stateOf(found);
      // The API never gives a Secret's stringData back, so nothing can be said about its drift.
      const declared = kind === "Secret" ? oldInputs : drifted(oldInputs, state.outputs);
      const inputs = Object.keys(oldInputs).length > 0 ? declared : state.outputs;
      const now = await readiness(api, found);
      if (!now.ready) throw new InitFailed({ ...state, inputs }, now.why);
      return { ...state, inputs };
    },
    update: async (call, _id, inputs) => (await applyAndWait(await apiFor(call), call, inputs)).outputs,
    async remove(call, id, old) {
      const [api, object] = [await apiFor(call), old as KubeObject];
      const foreground = object.kind === "Job" || object.kind === "Deployment";
      await api.remove(object, foreground ? "Foreground" : "Background");
      const gone = await until(call, async () => {
        const found = await api.get(object);
        return !found || found.metadata["uid"] !== object.metadata["uid"] ? true : undefined;
      });
      const limit = call.timeoutSeconds || defaultLimit;
      if (!gone)
        throw new Error(`${object.kind} ${id} is not gone after ${limit} s; a finalizer or a pod holds it.`);
    },
    invoke: (_, token) => Promise.reject(new Error(`The rehearsal has no function ${token}.`)),
  };
}
