import { execFile, type ExecFileException } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { exitCodes, Failure } from "../../shell/failure";
import { wait } from "../../shell/wait";

/** Runs PostgreSQL's server programs, which refuse to run as root: root lends them to this user. */
const account = "postgres";

const run = promisify(execFile);

/** Whether this process is root. */
const isRoot = (): boolean => process.getuid?.() === 0;

/** Options of {@link asServer}. */
export interface ServerOptions {
  /** Longest time, seconds. */
  seconds: number;
  signal?: AbortSignal | undefined;
  environment?: Record<string, string>;
}

/** Folder of initdb, pg_ctl and pg_basebackup: POSTGRES_BIN, or what pg_config says. */
async function binaries(): Promise<string> {
  if (process.env.POSTGRES_BIN) return process.env.POSTGRES_BIN;
  try {
    return (await run("pg_config", ["--bindir"], { timeout: 10_000 })).stdout.trim();
  } catch (error) {
    throw new Failure(
      exitCodes.usage,
      "PostgreSQL's server programs are not on this machine: set POSTGRES_BIN to the folder of pg_ctl, or install the server.",
      { cause: error },
    );
  }
}

/** Runs a program of the operating system as the server's user. Throws with what it said. */
export async function asServer(
  words: string[],
  { seconds, signal, environment }: ServerOptions,
): Promise<string> {
  const [command = "", ...rest] = isRoot() ? ["runuser", "-u", account, "--", ...words] : words;
  try {
    const { stdout } = await run(command, rest, {
      cwd: "/",
      env: { ...process.env, ...environment },
      timeout: seconds * 1000,
      maxBuffer: 1 << 24,
      signal,
    });
    return stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr = "", stdout = "", killed } = error as Partial<ExecFileException>;
    const said = `${stdout}${stderr}`.trim().split("\n").slice(-5).join("\n");
    const name = words[0]?.split("/").at(-1) ?? "";
    throw new Error(killed ? `${name} did not end within ${seconds} s` : `${name} failed: ${said}`, {
      cause: error,
    });
  }
}

/** {@link asServer} for a program of PostgreSQL's own, such as `pg_ctl`. */
export async function postgres(name: string, words: string[], options: ServerOptions): Promise<string> {
  return asServer([`${await binaries()}/${name}`, ...words], options);
}

/**
 * Waits until a server has recovered and was promoted. `pg_ctl start` does not: it returns once recovery has begun, also
 * where that is going to fail. The last line of postmaster.pid tells, and the file goes with the server.
 */
export async function waitForPromotion(data: string, seconds: number, signal?: AbortSignal): Promise<void> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    let state: string | undefined;
    try {
      state = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[7]?.trim();
    } catch (error) {
      throw new Error("the copy's server ended while it recovered", { cause: error });
    }
    if (state === "ready") return;
    if (Date.now() > until) throw new Error(`the copy had not recovered after ${seconds} s`);
    await wait(50, signal);
  }
}

/** Why recovery ended, in PostgreSQL's own words. */
export function fatalMessage(log: string): string | undefined {
  if (!existsSync(log)) return undefined;
  const found = readFileSync(log, "utf8").match(/(?:FATAL|PANIC): .*/g);
  return found?.at(-1)?.replace(/^\w+:\s*/, "");
}

/** Ids of processes whose command line names something below `folder`: a server, or a copy that is still running. */
function processesOf(folder: string): number[] {
  try {
    return readdirSync("/proc").flatMap((entry) => {
      if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
      try {
        const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
        return words.some((word) => word === folder || word.startsWith(`${folder}/`)) ? [Number(entry)] : [];
      } catch {
        return []; // It ended meanwhile.
      }
    });
  } catch {
    return []; // No /proc: the server's own pid file has to do.
  }
}

/** Ends whatever works below `folder`, which may be left over from a killed command, and removes it. */
export async function removeFolder(folder: string, data: string): Promise<void> {
  const end = (pids: number[], signal: NodeJS.Signals) => {
    for (const pid of pids)
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
  };
  // Immediate: its data is thrown away. Without a server the program says so, which is what is wanted.
  await postgres("pg_ctl", ["-D", data, "-m", "immediate", "-w", "-t", "30", "stop"], { seconds: 40 }).catch(
    () => undefined,
  );
  for (let round = 0; processesOf(folder).length > 0; round += 1) {
    if (round > 100)
      throw new Error(`processes below ${folder} do not end: ${processesOf(folder).join(", ")}`);
    end(processesOf(folder), round < 20 ? "SIGTERM" : "SIGKILL");
    await wait(100);
  }
  await asServer(["rm", "-rf", "--", folder], { seconds: 600 });
}
