import {
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
} from "@kubernetes/client-node";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";

/** A binding of a Service's endpoints to a target group, as the AWS Load Balancer Controller documents it. */
export interface TargetGroupBinding extends KubernetesObject {
  spec: {
    targetGroupARN: string;
    serviceRef: { name: string; port: number | string };
    targetType?: "ip" | "instance";
  };
}

/** Where the API server serves bindings. */
export const bindingsResource = { group: "elbv2.k8s.aws", version: "v1beta1", plural: "targetgroupbindings" };

/** All bindings of the cluster. */
export const listBindings = async (
  api: CustomObjectsApi,
): Promise<KubernetesListObject<TargetGroupBinding>> =>
  (await api.listCustomObjectForAllNamespaces({
    group: bindingsResource.group,
    version: bindingsResource.version,
    resourcePlural: bindingsResource.plural,
  })) as KubernetesListObject<TargetGroupBinding>;

/** Installs the resource definition and waits, at most 15 s, until the API server serves it. */
export async function installTargetGroupBinding(config: KubeConfig): Promise<void> {
  const api = config.makeApiClient(CustomObjectsApi);
  const body = parse(readFileSync(join(__dirname, "targetGroupBinding.yaml"), "utf8")) as object;
  await api.createClusterCustomObject({
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    body,
  });
  let cause: unknown;
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(100)) {
    try {
      await listBindings(api);
      return;
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(
    "TargetGroupBindings are not served 15 s after their definition was installed: see kube-apiserver.log",
    { cause },
  );
}
