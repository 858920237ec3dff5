import { CoreV1Api, Health, KubeConfig } from "@kubernetes/client-node";
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessRegister, signalGroup } from "./node/processRegister";
import type { KubernetesSettings } from "./settings";

/** The controllers that a release meets. Nodes are not watched over: there is one, and it stands in. */
const controllers = [
  "cronjob-controller",
  "deployment-controller",
  "disruption-controller",
  "garbage-collector-controller",
  "job-controller",
  "namespace-controller",
  "replicaset-controller",
  "root-ca-certificate-publisher-controller",
  "serviceaccount-controller",
];

/** How long etcd and the API server may take to answer, seconds; measured: 3 to 4 on two busy cores. */
const readyLimitSeconds = 45;

/** How long a child may take to end after SIGTERM, milliseconds; then SIGKILL. Nothing is lost: etcd's data is wiped at start. */
const endLimitMilliseconds = 1000;

/** A running control plane. */
export interface ControlPlane {
  /** A client's config with all rights; `KUBE_DIR/kubeconfig` holds the same. */
  config: KubeConfig;
  /** Ends the children, the last started first. */
  stop(): Promise<void>;
}

/**
 * Starts etcd (empty), the API server and the controller manager; returns once the API is ready.
 * `died` is called once, when a child ends later on its own. A child that ends during the start is an error with its last lines.
 */
export async function startControlPlane(
  settings: KubernetesSettings,
  register: ProcessRegister,
  died: (reason: string) => void,
): Promise<ControlPlane> {
  const [, , apiserver] = settings.KUBE_PORTS;
  const inFolder = (name: string) => join(settings.KUBE_DIR, name);
  const children = new Children(settings, register, died);
  const token = writeCredentials(inFolder);
  // The API server makes this file itself: its own certificate, then the authority that signed it.
  const authority = inFolder("certificates/apiserver.crt");
  const options = optionsOf(settings, inFolder, authority);
  const config = new KubeConfig();
  try {
    children.start("etcd", options.etcd);
    children.start("kube-apiserver", options["kube-apiserver"]);
    await children.until("the API server has a certificate", async () => existsSync(authority));
    writeFileSync(inFolder("kubeconfig"), kubeconfig(apiserver, readFileSync(authority), token), {
      mode: 0o600,
    });
    config.loadFromFile(inFolder("kubeconfig"));
    await children.until("the API server is ready", () => new Health(config).readyz({}));
    children.start("kube-controller-manager", options["kube-controller-manager"]);
    // Its first visible act, and without it the API server admits no pod.
    const account = { name: "default", namespace: "default" };
    await children.until(
      "the controllers work",
      async () => !!(await config.makeApiClient(CoreV1Api).readNamespacedServiceAccount(account)),
    );
  } catch (error) {
    await children.stop();
    throw error;
  }
  return { config, stop: () => children.stop() };
}

/** The control plane's processes. */
class Children {
  private readonly running: ChildProcess[] = [];
  private death: string | undefined;
  private stopping = false;

  constructor(
    private readonly settings: KubernetesSettings,
    private readonly register: ProcessRegister,
    private readonly died: (reason: string) => void,
  ) {}

  start(name: string, options: Options): void {
    const file = join(this.settings.KUBE_DIR, `${name}.log`);
    const log = openSync(file, "w");
    const parameters = Object.entries(options).map(([option, value]) => `--${option}=${value}`);
    const child = spawn(join(this.settings.KUBE_BIN, name), parameters, {
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    this.running.push(child);
    if (child.pid) this.register.add(child.pid);
    const ended = (how: string) => {
      if (child.pid) this.register.remove(child.pid);
      if (this.stopping || this.death) return;
      const lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(-10).join("\n");
      this.death = `${name} ${how}; the last lines of ${file}:\n${lines}`;
      this.died(this.death);
    };
    child.once("error", (error) => ended(`could not be started (${error.message})`));
    child.once("exit", (code, signal) => ended(`ended with ${signal ?? `exit code ${code ?? "?"}`}`));
  }

  /** Ends all of them, the last started first. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const child of this.running.reverse()) {
      if (!child.pid || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      signalGroup(child.pid, "SIGTERM");
      await Promise.race([ended, sleep(endLimitMilliseconds)]);
      signalGroup(child.pid, "SIGKILL");
    }
  }

  /** Waits until something holds. @throws Error if it does not within {@link readyLimitSeconds}, or if a child ended. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + readyLimitSeconds * 1000; Date.now() < deadline; await sleep(50)) {
      if (this.death) throw new Error(this.death);
      if (await holds().catch(() => false)) return;
    }
    throw new Error(
      `waited ${readyLimitSeconds} s in vain until ${what}: see the logs in ${this.settings.KUBE_DIR}`,
    );
  }
}

type Options = Record<string, string | number>;
type InFolder = (name: string) => string;

/** Wipes etcd's data and writes the keys and tokens; returns the token of the client with all rights. */
function writeCredentials(inFolder: InFolder): string {
  rmSync(inFolder("etcd"), { recursive: true, force: true });
  mkdirSync(inFolder("certificates"), { recursive: true });
  const token = randomBytes(24).toString("hex");
  writeFileSync(inFolder("tokens.csv"), `${token},rehearsal,rehearsal,system:masters\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  writeFileSync(inFolder("service-accounts.key"), privateKey, { mode: 0o600 });
  return token;
}

/** The command line options of each process; `authority` is the API server's own certificate. */
function optionsOf({ KUBE_PORTS }: KubernetesSettings, inFolder: InFolder, authority: string) {
  const [etcd, etcdPeer, apiserver, manager] = KUBE_PORTS;
  return {
    etcd: {
      "data-dir": inFolder("etcd"),
      "unsafe-no-fsync": "true",
      "listen-client-urls": `http://127.0.0.1:${etcd}`,
      "advertise-client-urls": `http://127.0.0.1:${etcd}`,
      "listen-peer-urls": `http://127.0.0.1:${etcdPeer}`,
      "initial-advertise-peer-urls": `http://127.0.0.1:${etcdPeer}`,
      "initial-cluster": `default=http://127.0.0.1:${etcdPeer}`,
      "log-level": "warn",
    },
    "kube-apiserver": {
      "etcd-servers": `http://127.0.0.1:${etcd}`,
      "bind-address": "127.0.0.1",
      "advertise-address": "127.0.0.1",
      // A loopback address is refused in the `kubernetes` Service's endpoints, and no pod asks for it.
      "endpoint-reconciler-type": "none",
      "secure-port": apiserver,
      "cert-dir": inFolder("certificates"),
      "token-auth-file": inFolder("tokens.csv"),
      "authorization-mode": "RBAC",
      "service-account-issuer": "https://kubernetes.default.svc",
      "service-account-key-file": inFolder("service-accounts.key"),
      "service-account-signing-key-file": inFolder("service-accounts.key"),
      "service-cluster-ip-range": "10.96.0.0/16",
      // It taints a new node until the node lifecycle controller, which does not run here, clears the taint.
      "disable-admission-plugins": "TaintNodesByCondition",
      profiling: "false",
    },
    "kube-controller-manager": {
      kubeconfig: inFolder("kubeconfig"),
      "bind-address": "127.0.0.1",
      "secure-port": manager,
      "leader-elect": "false",
      controllers: controllers.join(","),
      "root-ca-file": authority,
      "kube-api-qps": 200,
      "kube-api-burst": 400,
      profiling: "false",
    },
  } satisfies Record<string, Options>;
}

/** A kubeconfig in JSON, which is YAML too. */
function kubeconfig(port: number, authority: Buffer, token: string): string {
  const name = "rehearsal";
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name,
        cluster: {
          server: `https://127.0.0.1:${port}`,
          "certificate-authority-data": authority.toString("base64"),
        },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}
