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
  "providerAdmin",
] as const satisfies readonly (keyof Ports)[];

/** Finds a free port on 127.0.0.1 for each part; all are held open until the last is found, so that no two are the same. */
export async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(
    names.map(
      (name) =>
        new Promise<{ name: keyof Ports; port: number; close: () => void }>((resolve, reject) => {
          const server = createServer();
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve({
              name,
              port: typeof address === "object" && address ? address.port : 0,
              close: () => server.close(),
            });
          });
        }),
    ),
  );
  for (const server of servers) server.close();
  return Object.fromEntries(servers.map(({ name, port }) => [name, port])) as unknown as Ports;
}
