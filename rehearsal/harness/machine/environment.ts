import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { plantedSecrets } from "../act/plantedSecrets";

/** The environment of the rehearsal: only variables that any user of Pulumi, AWS and Kubernetes knows. */

/** Ports of one run on 127.0.0.1. */
export interface Ports {
  postgres: number;
  cloud: number;
  loadBalancerAdmin: number;
  staging: number;
  prod: number;
  etcd: number;
  etcdPeer: number;
  apiserver: number;
  controllerManager: number;
  nodeAdmin: number;
  prometheus: number;
  awsProvider: number;
  kubernetesProvider: number;
  postgresqlProvider: number;
  providerAdmin: number;
}

/** Where things are below `.rehearsal`. */
export const places = (home: string) => ({
  workingCopy: join(home, "work"),
  state: join(home, "state"),
  images: join(home, "images"),
  kubernetes: join(home, "kubernetes"),
  kubeconfig: join(home, "kubernetes", "kubeconfig"),
  prometheus: join(home, "prometheus"),
  environment: join(home, "env"),
  ports: join(home, "ports.json"),
  summary: join(home, "summary.json"),
  report: join(home, "report.html"),
  calls: join(home, "calls"),
});

/** Credentials and address of the stand-in for AWS, for commands and pods alike. */
export const cloudEnvironment = (ports: Ports): Record<string, string> => ({
  AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.cloud}`,
  AWS_REGION: "eu-central-1",
  AWS_DEFAULT_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "rehearsal",
  AWS_SECRET_ACCESS_KEY: plantedSecrets.awsSecretKey,
  AWS_SESSION_TOKEN: plantedSecrets.awsSessionToken,
  AWS_EC2_METADATA_DISABLED: "true",
});

/** Options of an AWS client of the rehearsal itself. */
export const awsClient = (ports: Ports) => ({
  endpoint: `http://127.0.0.1:${ports.cloud}`,
  region: "eu-central-1",
  credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
});

/** Attaches the engine to the stand-ins for the providers, which listen where it says; nothing is downloaded. */
export const attachedProviders = (ports: Ports): Record<string, string> => ({
  // Without this every run tries to download for 2.5 s.
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  PULUMI_DEBUG_PROVIDERS: `aws:${ports.awsProvider},kubernetes:${ports.kubernetesProvider},postgresql:${ports.postgresqlProvider}`,
});

/** What commands, `pulumi` and `kubectl` need to work against the rehearsal. */
export const rehearsalEnvironment = (home: string, ports: Ports): Record<string, string> => ({
  ...cloudEnvironment(ports),
  PULUMI_BACKEND_URL: `file://${places(home).state}`,
  PULUMI_CONFIG_PASSPHRASE: plantedSecrets.passphrase,
  PGPASSWORD: plantedSecrets.pgPassword,
  PULUMI_SKIP_UPDATE_CHECK: "true",
  ...attachedProviders(ports),
  // By the working copy's own pack, where `pulumi` runs; levels and settings are in policies/<stack>.json.
  PULUMI_OPTION_POLICY_PACK: "policies",
  KUBECONFIG: places(home).kubeconfig,
});

/** Writes the file that a shell sources to work in the rehearsal by hand; it also changes into the working copy. */
export function writeEnvironmentFile(home: string, ports: Ports): void {
  const quote = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;
  const lines = Object.entries(rehearsalEnvironment(home, ports)).map(
    ([name, value]) => `export ${name}=${quote(value)}`,
  );
  lines.push(`export PATH=${quote(process.env.PATH ?? "")}`, `cd ${quote(places(home).workingCopy)}`);
  writeFileSync(places(home).environment, lines.join("\n") + "\n");
}
