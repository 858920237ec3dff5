import type { types } from "@pulumi/kubernetes";
import type { Settings } from "../../decisions/stack/config";
import { digest } from "../../decisions/release/digest";
import { labels, parameterRoot } from "../../decisions/stack/names";

/** What the pods of web, workers and migrations have in common. */

type Container = types.input.core.v1.Container;
type EnvVar = types.input.core.v1.EnvVar;

/** Where a pod belongs. `slot` is absent for a migration and a backfill, which run once for both. */
export interface PodPlace {
  stack: string;
  settings: Settings;
  component: "web" | "worker" | "migrate" | "backfill";
  slot?: string;
}

/** Labels by which objects find their pods; they never change, for a selector is immutable. */
export const podLabels = ({ settings, component, slot }: PodPlace): Record<string, string> => ({
  [labels.app]: settings.application.name,
  [labels.component]: component,
  ...(slot === undefined ? {} : { [labels.slot]: slot }),
});

/** What a pod runs. */
export interface PodContent {
  /** Image by digest. */
  image: string;
  command: string[];
  resources: Settings["sizing"]["web"]["resources"];
  /** Variables that only this component has. */
  environment: EnvVar[];
}

/**
 * The container's fixed part: image, environment, resources, rights.
 *
 * Memory has a limit equal to its request, so that a leak ends one pod and not its neighbours; CPU has none, because a
 * limit there only makes a busy pod slow while the node idles.
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
    // A failed pod's last lines go into its status, so that the update that fails can show them.
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

/**
 * The pod's fixed part. `runAsNonRoot` makes Kubernetes refuse an image whose user is root, so the image must name a
 * numeric user. The token is not mounted: the application talks to AWS with the identity that the platform gives it, and
 * never to the Kubernetes API.
 */
export const podSecurity = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  // The root file system is read-only; whatever needs scratch space finds it here, and loses it with the pod.
  volumes: [{ name: "tmp", emptyDir: {} }],
};

function environment({ stack, settings }: PodPlace, image: string): EnvVar[] {
  const own = Object.entries(settings.application.environment).map(([name, value]) => ({ name, value }));
  return [
    ...own,
    { name: "STACK", value: stack },
    { name: "RELEASE_DIGEST", value: digest(image) },
    { name: "PARAMETER_ROOT", value: parameterRoot(stack) },
  ];
}
