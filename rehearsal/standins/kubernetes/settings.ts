import { z } from "zod";

const port = z.coerce.number().int().min(1).max(65535);

const environment = z.object({
  /** Folder of state, certificates, logs and the kubeconfig. */
  KUBE_DIR: z.string().min(1),
  /** Folder of `etcd`, `kube-apiserver` and `kube-controller-manager`. */
  KUBE_BIN: z.string().min(1),
  /** Ports of etcd for clients, etcd for peers, API server, controller manager; comma separated. */
  KUBE_PORTS: z.preprocess((text) => String(text).split(","), z.tuple([port, port, port, port])),
  /** Folder of images: one folder each, named by the digest without `sha256:`. */
  NODE_IMAGES: z.string().min(1),
  /** Comes first on the PATH of pods: it stands for the interpreter that a real image holds. */
  NODE_PATH_PREFIX: z.string().default(""),
  /** JSON file of variables that every pod gets, as a pod identity webhook would inject them. */
  POD_ENV_FILE: z.string().optional(),
  /** Where `GET /ready` answers 200 once all is up. */
  NODE_ADMIN_PORT: port,
});

/** What the control plane, the node and the binding controller are told by the environment. */
export type KubernetesSettings = z.infer<typeof environment>;

/** Reads the settings; throws one error with all faults, each with its variable. */
export function readSettings(variables: NodeJS.ProcessEnv): KubernetesSettings {
  const parsed = environment.safeParse(variables);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`the environment does not describe a cluster; set these variables:\n${faults.join("\n")}`);
}
