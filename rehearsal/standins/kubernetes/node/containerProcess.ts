import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { constants } from "node:os";
import { type ProcessRegister, signalGroup } from "./processRegister";

/** How a container's process ended. */
export interface Exit {
  /** Its exit code; 128 + the signal's number if a signal ended it, 128 if it could not be started. */
  code: number;
  signal?: NodeJS.Signals | undefined;
  /** Why it could not be started. */
  fault?: string;
  at: Date;
}

/** A container: one process group with a log. */
export interface ContainerProcess {
  pid: number;
  startedAt: Date;
  ended: Promise<Exit>;
  /** SIGTERM to the first process alone, as a container runtime does. */
  terminate(): void;
  /** SIGKILL to the whole group. */
  kill(): void;
  /** The last 80 lines, at most 2,048 bytes, that this process wrote to the log: what `FallbackToLogsOnError` takes. */
  lastOutput(): string;
}

/** Where and with what a container's commands run. */
export interface Launch {
  /** The image's folder: the working directory. */
  folder: string;
  variables: Record<string, string>;
  /** File that output is appended to. */
  log: string;
  register: ProcessRegister;
}

/** Starts a command in a process group of its own; stdout and stderr are appended to the log. */
export function startProcess(command: readonly string[], options: Launch): ContainerProcess {
  const log = openSync(options.log, "a");
  const from = fstatSync(log).size;
  const [program = "", ...parameters] = command;
  const child = spawn(program, parameters, {
    cwd: options.folder,
    env: options.variables,
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  const pid = child.pid ?? 0;
  if (pid) options.register.add(pid);
  const ended = new Promise<Exit>((resolve) => {
    child.once("error", (error) => resolve({ code: 128, fault: error.message, at: new Date() }));
    child.once("exit", (code, signal) => {
      // The first process is the container: what it leaves running ends with it.
      signalGroup(pid, "SIGKILL");
      options.register.remove(pid);
      resolve({
        code: code ?? 128 + (signal ? constants.signals[signal] : 0),
        signal: signal ?? undefined,
        at: new Date(),
      });
    });
  });
  return {
    pid,
    startedAt: new Date(),
    ended,
    terminate: () => child.kill("SIGTERM"),
    kill: () =>
      pid > 0 && child.exitCode === null && child.signalCode === null && signalGroup(pid, "SIGKILL"),
    lastOutput: () => tail(options.log, from),
  };
}

function tail(file: string, from: number): string {
  const start = Math.max(from, statSync(file).size - 2048);
  const bytes = Buffer.alloc(2048);
  const descriptor = openSync(file, "r");
  const length = readSync(descriptor, bytes, 0, bytes.length, start);
  closeSync(descriptor);
  const lines = bytes.toString("utf8", 0, length).split("\n");
  return lines.slice(-81).join("\n");
}
