import type { V1LifecycleHandler } from "@kubernetes/client-node";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerProcess } from "./containerProcess";

/** After the preStop hook a container has at least this long, even if the hook took all of the grace period; the kubelet's value. */
const leastGraceMilliseconds = 2000;

/**
 * Ends a container as the kubelet does: the preStop hook, then SIGTERM, and SIGKILL once `graceSeconds` are over, which
 * the hook's time counts to. `execute` starts the hook's command where the container runs.
 */
export async function endContainer(
  process: ContainerProcess,
  hook: V1LifecycleHandler | undefined,
  graceSeconds: number,
  execute: (command: string[]) => ContainerProcess,
): Promise<void> {
  const deadline = Date.now() + graceSeconds * 1000;
  const left = () => Math.max(0, deadline - Date.now());
  if (hook?.sleep) await Promise.race([process.ended, sleep(Math.min(hook.sleep.seconds * 1000, left()))]);
  if (hook?.exec) {
    const running = execute(hook.exec.command ?? []);
    await Promise.race([process.ended, running.ended, sleep(left())]);
    running.kill();
  }
  process.terminate();
  const timer = setTimeout(() => process.kill(), Math.max(leastGraceMilliseconds, left()));
  await process.ended;
  clearTimeout(timer);
}
