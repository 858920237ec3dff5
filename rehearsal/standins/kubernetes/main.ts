import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { startBindingController } from "./binding/bindingController";
import { startControlPlane } from "./controlPlane";
import { startNode } from "./node/node";
import { openRegister } from "./node/processRegister";
import { scrapeTargets } from "./scrapeTargets";
import { readSettings } from "./settings";
import { installTargetGroupBinding } from "./binding/targetGroupBinding";

/** Runs the cluster of a rehearsal in the foreground: control plane, node and target group bindings. */

const began = Date.now();
const say = (text: string): void =>
  void process.stderr.write(`${((Date.now() - began) / 1000).toFixed(2)} ${text}\n`);
const stops: (() => Promise<void>)[] = [];
let ending = false;

/** Ends what was started, the last first. */
async function end(exitCode: number): Promise<void> {
  if (ending) return;
  ending = true;
  for (const stop of stops.reverse()) {
    await stop().catch((error: unknown) => say(`while ending: ${String(error)}`));
  }
  process.exit(exitCode);
}

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  mkdirSync(settings.KUBE_DIR, { recursive: true });
  const register = openRegister(join(settings.KUBE_DIR, "processes.json"));
  const controlPlane = await startControlPlane(settings, register, (reason) => {
    say(reason);
    void end(1);
  });
  stops.push(() => controlPlane.stop());
  say("the control plane is ready");
  const { config } = controlPlane;
  await installTargetGroupBinding(config);
  const node = await startNode(config, settings, register, say);
  stops.push(() => node.stop());
  const bindings = await startBindingController(config, node, say);
  stops.push(() => bindings.stop());
  const admin = createServer((request, response) => {
    if (request.url !== "/targets")
      return void response.writeHead(request.url === "/ready" ? 200 : 404).end();
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify(scrapeTargets(node.pods.list())));
  });
  admin.listen(settings.NODE_ADMIN_PORT, "127.0.0.1", () => say("ready"));
}

process.on("SIGTERM", () => void end(0));
process.on("SIGINT", () => void end(0));
main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  void end(1);
});
