import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** Process groups of this run, in a file, so that a run after a SIGKILL finds and ends what was left behind. */
export interface ProcessRegister {
  add(pid: number): void;
  remove(pid: number): void;
}

/** When a process started, in ticks since boot; undefined if there is none. With the pid it names one process for good. */
export function startTicks(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command in parentheses may hold spaces; start time is field 22, and the fields after it begin with the third.
    return fields.slice(fields.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Signals a process group; one that has ended in the meantime is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Ends the process groups that an earlier run left in `file`, and starts a new register there. */
export function openRegister(file: string): ProcessRegister {
  const earlier = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, string>) : {};
  for (const [pid, started] of Object.entries(earlier)) {
    if (startTicks(Number(pid)) === started) signalGroup(Number(pid), "SIGKILL");
  }
  const running = new Map<number, string>();
  const write = () => {
    writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(running)));
    renameSync(`${file}.new`, file);
  };
  write();
  return {
    add(pid) {
      running.set(pid, startTicks(pid) ?? "");
      write();
    },
    remove(pid) {
      running.delete(pid);
      write();
    },
  };
}
