import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import type { Ports } from "./environment";

const names = [
  "postgres",
  "cloud",
  "loadBalancerAdmin",
  "staging",
  "prod",
  "etcd",
  "etcdPeer",
  "apiserver",
  "controllerManager",
  "nodeAdmin",
  "prometheus",
  "awsProvider",
  "kubernetesProvider",
  "postgresqlProvider",
  "providerAdmin",
] as const satisfies readonly (keyof Ports)[];

/**
 * Where ports are looked for: below the range that Linux gives to outgoing connections (32768 and up), for one of those
 * may have taken a port by the time that its part starts.
 */
const lowest = 10_000;
const above = 32_000;
const tries = 200;

/** Finds a free port on 127.0.0.1 for each part; no two are the same. */
export async function freePorts(): Promise<Ports> {
  const found = new Set<number>();
  for (let n = 0; found.size < names.length && n < tries; n++) {
    const port = randomInt(lowest, above);
    if (await isFree(port)) found.add(port);
  }
  const ports = [...found];
  if (ports.length < names.length)
    throw new Error(
      `Only ${ports.length} of ${names.length} ports between ${lowest} and ${above} were free on 127.0.0.1 in ${tries} tries: end what holds them, then run it again.`,
    );
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as unknown as Ports;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
