import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Here } from "../../decisions/stack/lease";

/** Which processes run on this machine: the commands and the program apply one rule, so that they agree on a dead holder. */

/**
 * Whether a process with this id runs on this machine; one of another user does. A process that has ended keeps its id until
 * its parent collects it (never, with a hung shell or a container without an init), but is dead all the same.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+[ZX]/m.test(readProc(pid, "status") ?? "");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A file of /proc/<pid>; undefined if the process is gone or belongs to somebody else, or if there is no /proc. */
export function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return undefined;
  }
}

/** This machine, as the rules about leases need it. */
export const here: Here = { host: hostname(), alive: isAlive };
