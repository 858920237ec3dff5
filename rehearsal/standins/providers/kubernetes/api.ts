/** The Kubernetes API as plain HTTPS over kept connections: the four requests that a declarative provider needs. */
import { Agent, request, type RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import type { Props } from "../wire";

/** A Kubernetes object of any kind. */
export interface KubeObject extends Props {
  apiVersion: string;
  kind: string;
  metadata: Props & { name: string; namespace?: string };
}

export interface Api {
  /** Applies on the server; an unknown field is an error, and fields that others own are taken over. */
  apply(object: KubeObject): Promise<KubeObject>;
  /** undefined when it does not exist. */
  get(object: KubeObject): Promise<KubeObject | undefined>;
  /** Asks for the deletion; that the object does not exist is no error. */
  remove(object: KubeObject, propagation: "Foreground" | "Background"): Promise<void>;
  /** All objects of the kind in the namespace of `like` that have the labels. */
  list(apiVersion: string, kind: string, like: KubeObject, labels: string): Promise<KubeObject[]>;
}

/** An answer other than 2xx, with the API server's own message. */
class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Limit of one request, milliseconds. */
const requestLimit = 30_000;

function send(server: string, options: RequestOptions, path: string, body?: string): Promise<Props> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${server}${path}`, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", reject).on("end", () => {
        const json = response.headers["content-type"]?.includes("json") ?? false;
        const answer = (json ? JSON.parse(text) : { message: text }) as Props;
        const status = response.statusCode ?? 0;
        const failure = () =>
          new ApiError(status, `${options.method} ${path.split("?")[0]}: ${String(answer["message"])}`);
        if (status < 300) resolve(answer);
        else reject(failure());
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${requestLimit / 1000} s`)));
    outgoing.on("error", (cause) => reject(new Error(`${server}${path}: ${cause.message}`, { cause })));
    outgoing.end(body);
  });
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** @param config Of the provider: kubeconfig (path or text), context, namespace; else KUBECONFIG or the user's default file. */
export async function connect(config: Readonly<Record<string, string>>): Promise<Api> {
  const kubeConfig = new KubeConfig();
  const given = config["kubeconfig"];
  if (given === undefined) kubeConfig.loadFromDefault();
  else if (/^\s*\{|\n/.test(given)) kubeConfig.loadFromString(given);
  else kubeConfig.loadFromFile(given);
  if (config["context"]) kubeConfig.setCurrentContext(config["context"]);
  const server = kubeConfig.getCurrentCluster()?.server;
  if (!server)
    throw new Error("The kubeconfig has no current cluster: set KUBECONFIG or kubernetes:context.");
  const secured: Pick<RequestOptions, "ca" | "cert" | "key" | "headers" | "rejectUnauthorized"> = {};
  await kubeConfig.applyToHTTPSOptions(secured);
  const agent = new Agent({ ...secured, keepAlive: true });
  const ask = (method: string, path: string, body?: object, type = "application/json") => {
    const text = body && JSON.stringify(body);
    // Node does not send the length of a DELETE's body by itself, and the rest would be read as the next request.
    const framing =
      text === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(text) };
    const headers = { ...secured.headers, ...framing };
    return send(server, { ...secured, agent, method, timeout: requestLimit, headers }, path, text);
  };

  const plurals = new Map<string, { name: string; namespaced: boolean }>();
  /** Path of a kind's collection; what kinds there are is asked of the server, again if one is new. */
  const collection = async (
    apiVersion: string,
    kind: string,
    namespace: string | undefined,
  ): Promise<string> => {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    if (!plurals.has(root + kind)) {
      const found = await unlessAbsent(ask("GET", root));
      const resources = (found?.["resources"] ?? []) as { name: string; kind: string; namespaced: boolean }[];
      for (const one of resources) if (!one.name.includes("/")) plurals.set(root + one.kind, one);
    }
    const known = plurals.get(root + kind);
    if (!known)
      throw new Error(
        `The cluster has no kind ${kind} in ${apiVersion}; is its CustomResourceDefinition installed?`,
      );
    const scope = known.namespaced ? `/namespaces/${namespace ?? config["namespace"] ?? "default"}` : "";
    return `${root}${scope}/${known.name}`;
  };
  const pathOf = async ({ apiVersion, kind, metadata }: KubeObject) =>
    `${await collection(apiVersion, kind, metadata.namespace)}/${encodeURIComponent(metadata.name)}`;

  return {
    async apply(object) {
      const path = `${await pathOf(object)}?fieldManager=pulumi&fieldValidation=Strict&force=true`;
      return (await ask("PATCH", path, object, "application/apply-patch+yaml")) as KubeObject;
    },
    async get(object) {
      const path = await pathOf(object);
      return (await unlessAbsent(ask("GET", path))) as KubeObject | undefined;
    },
    async remove(object, propagationPolicy) {
      const path = await pathOf(object);
      await unlessAbsent(ask("DELETE", path, { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy }));
    },
    async list(apiVersion, kind, like, labels) {
      const path = await collection(apiVersion, kind, like.metadata.namespace);
      const found = await ask("GET", `${path}?labelSelector=${encodeURIComponent(labels)}`);
      return (found["items"] ?? []) as unknown as KubeObject[];
    },
  };
}
