import type { types } from "@pulumi/kubernetes";
import type { Settings } from "../../decisions/stack/config";
import { digest } from "../../decisions/release/digest";
import { labels, parameterRoot } from "../../decisions/stack/names";

/** What the pods of web, workers and migrations have in common. */

type Container = types.input.core.v1.Container;
type EnvVar = types.input.core.v1.EnvVar;

/** Where a pod belongs. A migration or a backfill has no `slot`: it runs once for both. */
export interface PodPlace {
  stack: string;
  settings: Settings;
  component: "web" | "worker" | "migrate" | "backfill";
  slot?: string;
}

/** Labels by which objects select their pods; they never change, because a selector is immutable. */
export const podLabels = ({ settings, component, slot }: PodPlace): Record<string, string> => ({
  [labels.app]: settings.application.name,
  [labels.component]: component,
  ...(slot !== undefined && { [labels.slot]: slot }),
});

/** What a pod runs. */
export interface PodContent {
  /** Image by digest. */
  image: string;
  command: string[];
  resources: Settings["sizing"]["web"]["resources"];
  /** Variables in addition to those that every pod has. */
  environment: EnvVar[];
}

/**
 * What every container has: image, environment, resources, rights.
 *
 * The memory limit equals the request, so that a leak ends one pod and not its neighbours. CPU has no limit, because that
 * would only slow down a busy pod while the node idles.
 */
export function container(place: PodPlace, content: PodContent): Container {
  const { cpu, memory } = content.resources;
  return {
    name: place.component,
    image: content.image,
    command: content.command,
    env: [...environment(place, content.image), ...content.environment],
    envFrom: [{ secretRef: { name: place.settings.database.secretName } }],
    resources: { requests: { cpu, memory }, limits: { memory } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    // A failed pod's last lines go into its status, so that the failed update can show them.
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

/**
 * What every pod has. With `runAsNonRoot` Kubernetes rejects an image whose user is root, so the image must name a numeric
 * user. The token is not mounted: the application never calls the Kubernetes API, and AWS only with the identity that the
 * platform gives it.
 */
export const podSecurity = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  // Scratch space, because the root file system is read-only; it is lost with the pod.
  volumes: [{ name: "tmp", emptyDir: {} }],
};

function environment({ stack, settings }: PodPlace, image: string): EnvVar[] {
  const configured = Object.entries(settings.application.environment);
  return [
    ...configured.map(([name, value]) => ({ name, value })),
    // The last entry wins, so the config cannot override what a pod must know about itself.
    { name: "STACK", value: stack },
    { name: "RELEASE_DIGEST", value: digest(image) },
    { name: "PARAMETER_ROOT", value: parameterRoot(stack) },
  ];
}
