import type {
  V1Container,
  V1ContainerState,
  V1ContainerStatus,
  V1Pod,
  V1Probe,
} from "@kubernetes/client-node";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ContainerProcess, type Exit, type Launch, startProcess } from "./containerProcess";
import { endContainer } from "./endContainer";
import type { ProcessRegister } from "./processRegister";
import { type ProbeKind, advance, backOffSeconds, firstState, probeOnce } from "./probe";
import { restarts } from "./podStatus";

/** How often an absent image, Secret or ConfigMap is looked for again, milliseconds. */
const retryMilliseconds = 2000;

/** What a container needs from its node. */
export interface ContainerContext {
  images: string;
  log: string;
  podIP: string;
  register: ProcessRegister;
  /** The variables, or why they cannot be told yet. */
  variables(
    pod: V1Pod,
    container: V1Container,
  ): Promise<{ ok: true; variables: Record<string, string> } | { ok: false; faults: string[] }>;
  /** The status has changed. */
  changed(): void;
  say(text: string): void;
}

/** A container under the node's care. */
export interface RunningContainer {
  status(): V1ContainerStatus;
  /** preStop, SIGTERM, and SIGKILL `graceSeconds` from now; never starts again. Returns once it has ended. */
  stop(graceSeconds: number): Promise<void>;
  /** SIGKILL now. */
  kill(): void;
}

/** Folder of an image within the node's images, named by its digest; undefined for a reference without one. */
export const imageFolder = (image: string): string | undefined => /@sha256:([0-9a-f]{64})$/.exec(image)?.[1];

/** Runs a container until it has ended for good: waits for its image and variables, probes it, starts it again by policy. */
export function runContainer(
  pod: V1Pod,
  container: V1Container,
  context: ContainerContext,
): RunningContainer {
  const stopping = new AbortController();
  const pause = (milliseconds: number, signal = stopping.signal) =>
    sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  let state: V1ContainerState = { waiting: { reason: "ContainerCreating" } };
  let lastState: V1ContainerState = {};
  let [ready, started, restartCount] = [false, false, 0];
  let current: { process: ContainerProcess; launch: Launch; ending?: Promise<void> } | undefined;

  const wait = (reason: string, message: string) => {
    if (state.waiting?.reason === reason && state.waiting.message === message) return;
    state = { waiting: { reason, message } };
    context.say(`${container.name}: ${reason}: ${message}`);
    context.changed();
  };

  const live = async () => {
    for (;;) {
      const launch = await prepare();
      if (!launch) return;
      const process = startProcess([...(container.command ?? []), ...(container.args ?? [])], launch);
      current = { process, launch };
      state = { running: { startedAt: process.startedAt } };
      context.changed();
      const over = new AbortController();
      void probe(over.signal);
      const exit = await process.ended;
      over.abort();
      current = undefined;
      [ready, started] = [false, false];
      state = { terminated: terminated(process, exit) };
      context.say(
        `${container.name} ended with ${exit.signal ?? `exit code ${exit.code}`}${exit.fault ? `: ${exit.fault}` : ""}`,
      );
      context.changed();
      if (stopping.signal.aborted || !restarts(pod, exit.code)) return;
      lastState = state;
      const seconds = backOffSeconds(restartCount + 1);
      if (seconds > 0)
        wait("CrashLoopBackOff", `back-off ${seconds}s restarting failed container=${container.name}`);
      await pause(seconds * 1000);
      if (stopping.signal.aborted) return;
      restartCount++;
    }
  };
  const ended = live().catch((error: unknown) => {
    context.say(`${container.name}: ${error instanceof Error ? error.stack : String(error)}`);
  });

  return {
    status: () => ({
      name: container.name,
      image: container.image ?? "",
      imageID: container.image ?? "",
      ...{ state, lastState, ready, started, restartCount },
    }),
    async stop(graceSeconds) {
      stopping.abort();
      await end(graceSeconds);
      await ended;
    },
    kill() {
      stopping.abort();
      current?.process.kill();
    },
  };

  async function prepare(): Promise<Launch | undefined> {
    for (; !stopping.signal.aborted; await pause(retryMilliseconds)) {
      const digest = imageFolder(container.image ?? "");
      const folder = join(context.images, digest ?? "");
      if (!digest) {
        wait(
          "InvalidImageName",
          `"${container.image ?? ""}" does not end in @sha256: and 64 hexadecimal digits`,
        );
      } else if (!existsSync(folder)) {
        wait("ImagePullBackOff", `no image ${container.image ?? ""}: there is no folder ${folder}`);
      } else {
        const answer = await context
          .variables(pod, container)
          .catch((error: unknown) => ({ ok: false as const, faults: [String(error)] }));
        const { log, register } = context;
        if (answer.ok && !stopping.signal.aborted)
          return { folder, log, register, variables: answer.variables };
        if (answer.ok) return undefined;
        wait("CreateContainerConfigError", answer.faults.join("; "));
      }
    }
    return undefined;
  }

  async function probe(signal: AbortSignal): Promise<void> {
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const fails = (kind: ProbeKind) => {
      context.say(`${container.name} failed its ${kind} probe and is ended`);
      void end(pod.spec?.terminationGracePeriodSeconds ?? 30);
    };
    if (startupProbe) {
      const result = await firstResult(startupProbe, signal);
      if (result === "failure") fails("startup");
      if (result !== "success") return;
    }
    started = true;
    if (!readinessProbe) ready = true;
    context.changed();
    if (readinessProbe) {
      void follow("readiness", readinessProbe, signal, (result) => {
        ready = result === "success";
        context.changed();
        return true;
      });
    }
    if (livenessProbe) {
      const unlessStopping = AbortSignal.any([signal, stopping.signal]);
      void follow("liveness", livenessProbe, unlessStopping, (result) => {
        if (result === "failure") fails("liveness");
        return result !== "failure";
      });
    }
  }

  async function firstResult(startupProbe: V1Probe, signal: AbortSignal): Promise<string> {
    let first = "unknown";
    await follow("startup", startupProbe, AbortSignal.any([signal, stopping.signal]), (result) => {
      first = result;
      return false;
    });
    return first;
  }

  /** Probes once a period and tells each change of the result, until `told` answers false or `signal` aborts. */
  async function follow(
    kind: ProbeKind,
    probe: V1Probe,
    signal: AbortSignal,
    told: (result: string) => boolean,
  ): Promise<void> {
    const ports = new Map(
      (container.ports ?? []).map(({ name = "", containerPort }) => [name, containerPort]),
    );
    let now = firstState(kind);
    await pause((probe.initialDelaySeconds ?? 0) * 1000, signal);
    while (!signal.aborted) {
      const due = Date.now() + (probe.periodSeconds ?? 10) * 1000;
      const next = advance(now, await probeOnce(probe, context.podIP, ports), probe);
      if (signal.aborted || (next.result !== now.result && !told(next.result))) return;
      now = next;
      await pause(due - Date.now(), signal);
    }
  }

  async function end(graceSeconds: number): Promise<void> {
    if (!current) return;
    const { process, launch } = current;
    current.ending ??= endContainer(process, container.lifecycle?.preStop, graceSeconds, (command) =>
      startProcess(command, launch),
    );
    await current.ending;
  }

  function terminated(process: ContainerProcess, exit: Exit): V1ContainerState["terminated"] {
    const failed = exit.code !== 0;
    const fallback =
      container.terminationMessagePolicy === "FallbackToLogsOnError" && failed
        ? process.lastOutput()
        : undefined;
    return {
      exitCode: exit.code,
      reason: exit.fault ? "StartError" : failed ? "Error" : "Completed",
      message: exit.fault ?? fallback,
      startedAt: process.startedAt,
      finishedAt: exit.at,
    };
  }
}
