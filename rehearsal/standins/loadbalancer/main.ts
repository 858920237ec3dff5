/** Stand-in for an Application Load Balancer: obeys the listeners, rules and target groups that are in the cloud. */
import * as http from "node:http";
import { createChecker } from "./health";
import { createMetrics, publishMetrics } from "./metrics";
import { openListener } from "./proxy";
import type { Snapshot } from "./snapshot";
import { createWorkers } from "./workers";

const { CLOUD_URL: cloud, LB_ADMIN_PORT: adminPort, LB_METRICS_LAG_SECONDS: lag = "60" } = process.env;
const workerCount = 4;
const pollMilliseconds = 100;

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}
if (!cloud || !adminPort)
  fail("Set CLOUD_URL (as http://127.0.0.1:4566) and LB_ADMIN_PORT (a free port on 127.0.0.1).");

let answered = true;
let text = "";
let newest: Snapshot = { listeners: [], targetGroups: [] };
const open = new Set<number>();
const metrics = createMetrics(() => newest);
const { workers, change, changes } = createWorkers(workerCount, newest, openPorts);
const check = createChecker(async (finding) => {
  const body = JSON.stringify(finding);
  await fetch(`${cloud}/moto-api/target-health`, { method: "PUT", body }).catch(warn);
});

/** Once for each time that the cloud falls silent. */
const warn = (cause: unknown) => {
  if (answered) console.error(`No answer from ${cloud}; the last known rules stay in force.`, cause);
  answered = false;
};
const refuse = (port: number, { message }: Error): never =>
  fail(`Port ${port} cannot be opened (${message}): end the process that has it, or give another port.`);

/** A listener's port opens once every worker knows the listener. */
function openPorts() {
  for (const { port } of newest.listeners) {
    const known = workers.every(({ view }) => view.listeners.some((listener) => listener.port === port));
    if (!known || open.has(port)) continue;
    open.add(port);
    openListener(port, workers, metrics.served).on("error", (error) => refuse(port, error));
  }
}

async function poll() {
  const answer = await fetch(`${cloud}/moto-api/load-balancers`);
  const now = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${now}`);
  answered = true;
  if (now !== text) {
    newest = JSON.parse((text = now)) as Snapshot;
    change(newest);
  }
  check(newest);
}

const admin = http.createServer(({ url }, response) => {
  if (url === "/metrics") return void response.end(metrics.text());
  if (url === "/changes") return void response.end(JSON.stringify(changes));
  response.writeHead(url === "/ready" && text ? 200 : 503).end();
});
admin.listen(Number(adminPort), "127.0.0.1").on("error", (error) => refuse(Number(adminPort), error));
publishMetrics(metrics.take, Number(lag) * 1000);
process.on("SIGTERM", () => process.exit(0));

const again = () => setTimeout(() => void poll().catch(warn).finally(again), pollMilliseconds);
again();
