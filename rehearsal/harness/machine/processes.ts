import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Long-running processes of the rehearsal: started with a log, known by process id and start time, ended only by these. */

interface Running {
  name: string;
  pid: number;
  /** As `ps` prints it: a process id alone may have been given to somebody else's process since. */
  started: string;
}

export interface Daemon {
  /** Name of its log and of its entry, such as `loadbalancer`. */
  name: string;
  command: string;
  arguments: string[];
  environment: Record<string, string>;
  /** Answers 2xx once the process serves. */
  ready: string;
  /** How long to wait for that, seconds. Default 30. */
  limitSeconds?: number;
}

const startOf = (pid: number): string => {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "";
  }
};

/** The processes recorded in a rehearsal's folder. */
export class Processes {
  constructor(private readonly home: string) {}

  private get file(): string {
    return join(this.home, "processes.json");
  }

  private read(): Running[] {
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, "utf8")) as Running[]) : [];
  }

  private write(list: Running[]): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(list, null, 1));
    renameSync(`${this.file}.new`, this.file);
  }

  /** The recorded processes that are still the ones that were started. */
  alive(): Running[] {
    return this.read().filter((process) => startOf(process.pid) === process.started);
  }

  /**
   * Starts a daemon and waits until it answers; output goes to `<home>/logs/<name>.log`.
   * Fails with the log's last lines if it ends early or does not answer in time.
   */
  async start(daemon: Daemon): Promise<void> {
    mkdirSync(join(this.home, "logs"), { recursive: true });
    const log = join(this.home, "logs", `${daemon.name}.log`);
    const output = openSync(log, "w");
    const child = spawn(daemon.command, daemon.arguments, {
      env: { ...process.env, ...daemon.environment },
      stdio: ["ignore", output, output],
      detached: true,
    });
    let ended: string | undefined;
    child.once("exit", (code, signal) => (ended = `ended with ${signal ?? code ?? "?"}`));
    child.once("error", (error) => (ended = error.message));
    if (child.pid)
      this.write([...this.read(), { name: daemon.name, pid: child.pid, started: startOf(child.pid) }]);
    child.unref();
    await until(`${daemon.name} answers at ${daemon.ready}`, daemon.limitSeconds ?? 30, async () => {
      if (ended) throw new Error(`${daemon.name} ${ended}; its last lines:\n${lastLines(log)}`);
      return (await fetch(daemon.ready, { signal: AbortSignal.timeout(2000) })).ok;
    }).catch((error: unknown) => {
      throw new Error(`${daemon.name} did not start; its last lines:\n${lastLines(log)}`, { cause: error });
    });
  }

  /** Sends a signal to one of them. */
  signal(name: string, what: NodeJS.Signals): void {
    const found = this.alive().find((process) => process.name === name);
    if (!found) throw new Error(`${name} does not run`);
    signalTo(found.pid, what);
  }

  /** Ends what was started, the last one first: SIGTERM, then after 10 s SIGKILL. */
  async stop(): Promise<void> {
    const running = this.alive().reverse();
    for (const process of running) signalTo(process.pid, "SIGTERM");
    for (const process of running) {
      await until(`${process.name} ends`, 10, () =>
        Promise.resolve(startOf(process.pid) !== process.started),
      ).catch(() => {
        signalTo(process.pid, "SIGKILL");
      });
    }
    this.write([]);
  }
}

/** Sends a signal to a process that may have ended by itself in the meantime. */
export const signalTo = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
};

/** The last 15 lines of a log. */
export const lastLines = (file: string): string =>
  readFileSync(file, "utf8").trimEnd().split("\n").slice(-15).join("\n");

/** Waits until `condition` holds, asking every 100 ms; fails after `seconds`, with the last error as its cause. */
export async function until(what: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let cause: unknown;
  while (Date.now() < deadline) {
    try {
      if (await condition()) return;
    } catch (error) {
      cause = error;
      if (error instanceof Error && error.message.includes("its last lines")) throw error;
    }
    await sleep(100);
  }
  throw new Error(`waited ${seconds} s in vain until ${what}`, { cause });
}
