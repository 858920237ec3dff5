import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import {
  type Ports,
  attachedProviders,
  cloudEnvironment,
  places,
  rehearsalEnvironment,
  writeEnvironmentFile,
} from "./environment";
import { buildImages } from "./images";
import { provider } from "../permissions/calls";
import { plantedSecrets } from "../act/plantedSecrets";
import { freePorts } from "./ports";
import { recoveryOf, startPostgres, stopPostgres } from "./postgres";
import { type Daemon, Processes } from "./processes";
import { writePrometheusConfig } from "./prometheus";
import { commitWorkingCopy, makeSigners, reviewRevisions } from "../act/signers";
import { addressStackFile, makeWorkingCopy } from "./workingCopy";

/** The stacks that are rehearsed, in the order of a release. */
export const stacks = ["staging", "prod"] as const;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Folder of a program on PATH, for the control plane's binaries. */
function folderOf(program: string): string {
  const found = (process.env.PATH ?? "").split(delimiter).find((folder) => existsSync(join(folder, program)));
  if (!found)
    throw new Error(
      `${program} is not on PATH: run \`make setup\`, or \`make doctor\` to see what is missing`,
    );
  return found;
}

/** Starts everything from nothing below `home` and leaves it running; an earlier run is ended first. */
export async function up(project: string, home: string): Promise<Ports> {
  await down(home);
  const place = places(home);
  for (const folder of [join(home, "logs"), place.state, place.images, place.kubernetes, place.prometheus]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const ports = await freePorts();
  writeFileSync(place.ports, JSON.stringify(ports));
  const started = Date.now();
  const databaseUrl = startPostgres(home, ports.postgres, ["school_staging", "school_prod"]);
  const processes = new Processes(home);
  const podEnvironment = join(home, "pod-environment.json");
  writeFileSync(podEnvironment, JSON.stringify(cloudEnvironment(ports)));
  for (const daemon of daemons(project, home, ports, podEnvironment)) {
    await processes.start(daemon);
    say(`  ${((Date.now() - started) / 1000).toFixed(1)} s  ${daemon.name} is up`);
  }
  makeNamespaces(home, ports, databaseUrl);
  prepareWorkingCopy(project, home, ports);
  writeEnvironmentFile(home, ports);
  say(`The rehearsal is up after ${((Date.now() - started) / 1000).toFixed(1)} s.`);
  return ports;
}

/** Ends what `up` started, and nothing else. */
export async function down(home: string): Promise<void> {
  await new Processes(home).stop();
  stopPostgres(home);
}

function daemons(project: string, home: string, ports: Ports, podEnvironment: string): Daemon[] {
  const place = places(home);
  const cloud = cloudEnvironment(ports);
  const cloudUrl = cloud.AWS_ENDPOINT_URL ?? "";
  const script = (file: string) => ({
    command: process.execPath,
    arguments: ["--import", "tsx", join(project, "rehearsal", "standins", file)],
  });
  const local = (port: number, path = "/ready") => `http://127.0.0.1:${port}${path}`;
  writePrometheusConfig(join(place.prometheus, "config.yaml"), local(ports.nodeAdmin, "/targets"));
  return [
    {
      name: "cloud",
      command: join(project, ".venv", "bin", "python"),
      arguments: [join(project, "rehearsal", "standins", "cloud", "server.py")],
      environment: { CLOUD_PORT: String(ports.cloud), CLOUD_CALLS: place.calls },
      ready: local(ports.cloud, "/moto-api/load-balancers"),
    },
    {
      name: "loadbalancer",
      ...script("loadbalancer/main.ts"),
      environment: { ...cloud, CLOUD_URL: cloudUrl, LB_ADMIN_PORT: String(ports.loadBalancerAdmin) },
      ready: local(ports.loadBalancerAdmin),
    },
    {
      name: "kubernetes",
      ...script("kubernetes/main.ts"),
      environment: {
        ...cloud,
        CLOUD_URL: cloudUrl,
        KUBE_DIR: place.kubernetes,
        KUBE_BIN: folderOf("kube-apiserver"),
        KUBE_PORTS: [ports.etcd, ports.etcdPeer, ports.apiserver, ports.controllerManager].join(","),
        NODE_IMAGES: place.images,
        NODE_PATH_PREFIX: join(project, ".venv", "bin"),
        POD_ENV_FILE: podEnvironment,
        NODE_ADMIN_PORT: String(ports.nodeAdmin),
      },
      ready: local(ports.nodeAdmin),
      limitSeconds: 60,
    },
    {
      name: "providers",
      ...script("providers/main.ts"),
      environment: {
        ...cloud,
        // What an update calls needs a deploy's permissions.
        AWS_ACCESS_KEY_ID: provider,
        CLOUD_URL: cloudUrl,
        KUBECONFIG: place.kubeconfig,
        ...attachedProviders(ports),
        PROVIDER_ADMIN_PORT: String(ports.providerAdmin),
      },
      ready: local(ports.providerAdmin),
    },
    {
      name: "prometheus",
      command: join(folderOf("prometheus"), "prometheus"),
      arguments: [
        `--config.file=${join(place.prometheus, "config.yaml")}`,
        `--storage.tsdb.path=${join(place.prometheus, "data")}`,
        `--web.listen-address=127.0.0.1:${ports.prometheus}`,
      ],
      environment: {},
      ready: local(ports.prometheus, "/-/ready"),
    },
  ];
}

/** Namespaces and the Secret with the database's address: the platform team's, not the program's. */
function makeNamespaces(home: string, ports: Ports, databaseUrl: (database: string) => string): void {
  const objects = stacks.flatMap((stack) => [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: `school-${stack}` } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "school-database", namespace: `school-${stack}` },
      stringData: { DATABASE_URL: databaseUrl(`school_${stack}`) },
    },
  ]);
  execFileSync("kubectl", ["apply", "-f", "-"], {
    input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
    env: { ...process.env, ...rehearsalEnvironment(home, ports) },
    stdio: ["pipe", "ignore", "pipe"],
    timeout: 60_000,
  });
}

function prepareWorkingCopy(project: string, home: string, ports: Ports): void {
  const place = places(home);
  const environment = { ...process.env, ...rehearsalEnvironment(home, ports) };
  const run = (command: string, parameters: string[], input = "") =>
    execFileSync(command, parameters, {
      input,
      cwd: place.workingCopy,
      env: environment,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      timeout: 60_000,
    });
  makeWorkingCopy(project, place.workingCopy);
  makeSigners(place.workingCopy);
  const handedOver = JSON.parse(
    run(join(project, ".venv", "bin", "python"), [
      "rehearsal/standins/cloud/hand_over.py",
      ...stacks.map((stack) => `${stack}=${ports[stack]}`),
    ]),
  ) as { vpcId: string; listeners: Record<(typeof stacks)[number], string> };
  for (const stack of stacks) {
    addressStackFile(place.workingCopy, stack, {
      listenerArn: handedOver.listeners[stack],
      vpcId: handedOver.vpcId,
      url: `http://127.0.0.1:${ports[stack]}`,
      prometheus: `http://127.0.0.1:${ports.prometheus}`,
      recovery: recoveryOf(home),
      postgresPort: ports.postgres,
    });
    run("pulumi", ["stack", "init", `organization/deployment-safety/${stack}`]);
    run("pulumi", ["config", "set", "--secret", "school:apiKey", "--stack", stack], plantedSecrets.config);
  }
  commitWorkingCopy(place.workingCopy, "The project and its stacks as the rehearsal begins");
  buildImages(place.workingCopy, place.images);
  commitWorkingCopy(place.workingCopy, "The releases that the build wrote");
  reviewRevisions(place.workingCopy);
}
