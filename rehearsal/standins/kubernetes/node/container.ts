import type {
  V1Container,
  V1ContainerState,
  V1ContainerStateTerminated,
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

/** Milliseconds between two attempts to find a missing image, Secret or ConfigMap. */
const retryMilliseconds = 2000;

/** What a container needs from its node. */
export interface ContainerContext {
  images: string;
  log: string;
  podIP: string;
  register: ProcessRegister;
  /** The variables, or why they cannot be resolved yet. */
  variables(
    pod: V1Pod,
    container: V1Container,
  ): Promise<{ ok: true; variables: Record<string, string> } | { ok: false; issues: string[] }>;
  /** The status has changed. */
  changed(): void;
  say(text: string): void;
}

/** Folder of an image within the node's images, named by its digest; undefined for a reference without one. */
export const imageFolder = (image: string): string | undefined => /@sha256:([0-9a-f]{64})$/.exec(image)?.[1];

/** Runs a container until it has ended for good: waits for its image and variables, probes it, restarts it by policy. */
export class RunningContainer {
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;
  private state: V1ContainerState = { waiting: { reason: "ContainerCreating" } };
  private lastState: V1ContainerState = {};
  private ready = false;
  private started = false;
  private restartCount = 0;
  private current: { process: ContainerProcess; launch: Launch; ending?: Promise<void> } | undefined;

  constructor(
    private readonly pod: V1Pod,
    private readonly container: V1Container,
    private readonly context: ContainerContext,
  ) {
    this.ended = this.live().catch((error: unknown) => {
      context.say(`${container.name}: ${error instanceof Error ? error.stack : String(error)}`);
    });
  }

  status(): V1ContainerStatus {
    const { state, lastState, ready, started, restartCount } = this;
    const { name, image = "" } = this.container;
    return { name, image, imageID: image, state, lastState, ready, started, restartCount };
  }

  /** preStop, SIGTERM, and SIGKILL `graceSeconds` from now; never starts again. Returns once it has ended. */
  async stop(graceSeconds: number): Promise<void> {
    this.stopping.abort();
    await this.end(graceSeconds);
    await this.ended;
  }

  /** SIGKILL now. */
  kill(): void {
    this.stopping.abort();
    this.current?.process.kill();
  }

  private async live(): Promise<void> {
    const { container, context, pod } = this;
    for (;;) {
      const launch = await this.prepare();
      if (!launch) return;
      const process = startProcess([...(container.command ?? []), ...(container.args ?? [])], launch);
      this.current = { process, launch };
      this.state = { running: { startedAt: process.startedAt } };
      context.changed();
      const over = new AbortController();
      void this.probe(over.signal);
      const exit = await process.ended;
      over.abort();
      this.current = undefined;
      [this.ready, this.started] = [false, false];
      this.state = { terminated: terminated(container, process, exit) };
      context.say(
        `${container.name} ended with ${exit.signal ?? `exit code ${exit.code}`}${exit.fault ? `: ${exit.fault}` : ""}`,
      );
      context.changed();
      if (this.stopping.signal.aborted || !restarts(pod, exit.code)) return;
      this.lastState = this.state;
      const seconds = backOffSeconds(this.restartCount + 1);
      if (seconds > 0)
        this.wait("CrashLoopBackOff", `back-off ${seconds}s restarting failed container=${container.name}`);
      await this.pause(seconds * 1000);
      if (this.stopping.signal.aborted) return;
      this.restartCount++;
    }
  }

  private pause(milliseconds: number, signal = this.stopping.signal): Promise<unknown> {
    return sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  }

  private wait(reason: string, message: string): void {
    if (this.state.waiting?.reason === reason && this.state.waiting.message === message) return;
    this.state = { waiting: { reason, message } };
    this.context.say(`${this.container.name}: ${reason}: ${message}`);
    this.context.changed();
  }

  private async prepare(): Promise<Launch | undefined> {
    const { image = "" } = this.container;
    const { images, log, register } = this.context;
    for (; !this.stopping.signal.aborted; await this.pause(retryMilliseconds)) {
      const digest = imageFolder(image);
      const folder = join(images, digest ?? "");
      if (!digest) {
        this.wait("InvalidImageName", `"${image}" does not end in @sha256: and 64 hexadecimal digits`);
      } else if (!existsSync(folder)) {
        this.wait("ImagePullBackOff", `no image ${image}: there is no folder ${folder}`);
      } else {
        const answer = await this.context
          .variables(this.pod, this.container)
          .catch((error: unknown) => ({ ok: false as const, issues: [String(error)] }));
        if (answer.ok)
          return this.stopping.signal.aborted
            ? undefined
            : { folder, log, register, variables: answer.variables };
        this.wait("CreateContainerConfigError", answer.issues.join("; "));
      }
    }
    return undefined;
  }

  private async probe(signal: AbortSignal): Promise<void> {
    const { startupProbe, livenessProbe, readinessProbe } = this.container;
    const unlessStopping = AbortSignal.any([signal, this.stopping.signal]);
    const fails = (kind: ProbeKind) => {
      this.context.say(`${this.container.name} failed its ${kind} probe and is ended`);
      void this.end(this.pod.spec?.terminationGracePeriodSeconds ?? 30);
    };
    if (startupProbe) {
      let first = "unknown";
      await this.follow("startup", startupProbe, unlessStopping, (result) => {
        first = result;
        return false;
      });
      if (first === "failure") fails("startup");
      if (first !== "success") return;
    }
    this.started = true;
    if (!readinessProbe) this.ready = true;
    this.context.changed();
    if (readinessProbe) {
      void this.follow("readiness", readinessProbe, signal, (result) => {
        this.ready = result === "success";
        this.context.changed();
        return true;
      });
    }
    if (livenessProbe) {
      void this.follow("liveness", livenessProbe, unlessStopping, (result) => {
        if (result === "failure") fails("liveness");
        return result !== "failure";
      });
    }
  }

  /** Probes once a period and reports each change of the result, until `changed` returns false or `signal` aborts. */
  private async follow(
    kind: ProbeKind,
    probe: V1Probe,
    signal: AbortSignal,
    changed: (result: string) => boolean,
  ): Promise<void> {
    const ports = new Map(
      (this.container.ports ?? []).map(({ name = "", containerPort }) => [name, containerPort]),
    );
    let now = firstState(kind);
    await this.pause((probe.initialDelaySeconds ?? 0) * 1000, signal);
    while (!signal.aborted) {
      const due = Date.now() + (probe.periodSeconds ?? 10) * 1000;
      const next = advance(now, await probeOnce(probe, this.context.podIP, ports), probe);
      if (signal.aborted || (next.result !== now.result && !changed(next.result))) return;
      now = next;
      await this.pause(due - Date.now(), signal);
    }
  }

  private async end(graceSeconds: number): Promise<void> {
    if (!this.current) return;
    const { process, launch } = this.current;
    const { preStop } = this.container.lifecycle ?? {};
    this.current.ending ??= endContainer(process, preStop, graceSeconds, (command) =>
      startProcess(command, launch),
    );
    await this.current.ending;
  }
}

function terminated(
  { terminationMessagePolicy }: V1Container,
  process: ContainerProcess,
  exit: Exit,
): V1ContainerStateTerminated {
  const failed = exit.code !== 0;
  const showsLog = terminationMessagePolicy === "FallbackToLogsOnError" && failed;
  const message = exit.fault ?? (showsLog ? process.lastOutput() : undefined);
  return {
    exitCode: exit.code,
    reason: exit.fault ? "StartError" : failed ? "Error" : "Completed",
    ...(message !== undefined && { message }),
    startedAt: process.startedAt,
    finishedAt: exit.at,
  };
}
