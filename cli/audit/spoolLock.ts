import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../../repository/stack/process";

/**
 * One process delivers from a folder at a time; a lock whose process is gone does not count.
 * @returns how to unlock; undefined while another process has it
 */
export function lockFolder(folder: string): (() => void) | undefined {
  const path = join(folder, "lock");
  const beside = `${path}.${process.pid}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      // Written beside first: a lock without its owner in it would look like one that nobody holds.
      writeFileSync(beside, String(process.pid), { mode: 0o600 });
      linkSync(beside, path);
      return () => {
        if (ownerOf(path) === process.pid) rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (isHeld(path) || !takeAway(path, beside)) return undefined;
    } finally {
      rmSync(beside, { force: true });
    }
  }
  return undefined;
}

/** Our own number in it is that of a process before us: what this one delivers it waits for by itself. */
function isHeld(path: string): boolean {
  const owner = ownerOf(path);
  return owner > 0 && owner !== process.pid && isAlive(owner);
}

/** Takes a dead lock away, unless somebody else did so first and holds it now: then it is put back. */
function takeAway(path: string, beside: string): boolean {
  const away = `${beside}.dead`;
  try {
    renameSync(path, away);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
  try {
    if (!isHeld(away)) return true;
    linkSync(away, path);
    return false;
  } finally {
    rmSync(away, { force: true });
  }
}

function ownerOf(path: string): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}
