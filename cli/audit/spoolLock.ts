import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../../repository/stack/process";

/**
 * Locks a folder, so that one process at a time delivers from it. A lock whose process is gone does not count.
 * @returns how to unlock; undefined while another process has the lock
 */
export function lockFolder(folder: string): (() => void) | undefined {
  const path = join(folder, "lock");
  const beside = `${path}.${process.pid}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      // The owner is written to another file first: a lock without its owner would look free.
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

/** Our own number in it comes from an earlier process: two deliveries of this one never lock at the same time. */
function isHeld(path: string): boolean {
  const owner = ownerOf(path);
  return owner > 0 && owner !== process.pid && isAlive(owner);
}

/** Removes a stale lock. If somebody else did so first and holds the lock now, puts it back. */
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
