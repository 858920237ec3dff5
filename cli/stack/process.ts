import { isAlive, readProc } from "../../repository/stack/process";
import { wait } from "../shell/wait";

/**
 * Whether process `pid` is one of our commands, by its command line. Process ids are used again: without this a
 * rollback could end a stranger. Where the machine has no /proc the answer is no.
 */
export function isCommandProcess(pid: number): boolean {
  const text = readProc(pid, "cmdline")?.replaceAll("\0", " ");
  return text !== undefined && /cli\/main\.ts|bin\/deploy\b|deploy\.mjs/.test(text);
}

/** Whether process `pid` was started by the operation with this lease: its environment carries the lease's id. */
export const runsUnderLease = (pid: number, variable: string, id: string): boolean =>
  readProc(pid, "environ")?.split("\0").includes(`${variable}=${id}`) ?? false;

/** Ends `pid`: asks first, and forces it after `seconds`. Returns once it is gone, or false when it will not go. */
export async function endProcess(pid: number, seconds: number): Promise<boolean> {
  const gone = async (limit: number): Promise<boolean> => {
    const until = Date.now() + limit * 1000;
    while (isAlive(pid)) {
      if (Date.now() > until) return false;
      await wait(50);
    }
    return true;
  };
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  signal("SIGTERM");
  if (await gone(seconds)) return true;
  signal("SIGKILL");
  return gone(2);
}

/** Whether process `pid` runs the program `name`. Where that cannot be seen the answer is yes: nothing is cleared on a guess. */
export function isProgram(pid: number, name: string): boolean {
  const text = readProc(pid, "cmdline");
  if (text === undefined) return true;
  return (text.split("\0")[0] ?? "").split("/").at(-1) === name;
}
