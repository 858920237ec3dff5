import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { isAlive } from "./process";
import { concealIn } from "./secrets";

/**
 * What waits for a place that cannot be reached: one durable file an item, delivered later, in order. An item is on disk
 * before it is first tried, so that a crash between the two loses nothing; its id lets the receiver drop a second copy.
 */
export interface Spool {
  /** Writes an item behind all others; it is durable when this returns. Returns its id. */
  add(content: unknown, id?: string): string;
  /**
   * Hands every item to `deliver`, the oldest first, and removes it, unless that says to keep it; stops at the first that
   * throws, or when `signal` aborts. `order` is the item's place: milliseconds, process and count.
   */
  flush(
    deliver: (content: unknown, id: string, order: string) => Promise<void | "keep">,
    signal?: AbortSignal,
  ): Promise<Flushed>;
  /** Contents of the items that wait, the oldest first. */
  waiting(): unknown[];
}

/** What a flush came to. `error` is why it stopped; `busy`: another process delivers at this moment. */
export interface Flushed {
  delivered: number;
  left: number;
  error?: unknown;
  busy?: boolean;
}

let counter = 0;

/** Folders from which this process delivers at this moment. */
const underWay = new Map<string, Promise<void>>();

/** The spool in `folder`, which is made when it is first needed. */
export function createSpool(folder: string): Spool {
  const names = (): string[] => {
    try {
      return readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  };
  return {
    waiting: () =>
      names().flatMap((name) => {
        const text = readOr(join(folder, name), "");
        return text === "" ? [] : [(JSON.parse(text) as { content: unknown }).content];
      }),
    add(content, id = randomUUID()) {
      mkdirSync(folder, { recursive: true });
      const order = `${String(Date.now()).padStart(15, "0")}-${String(process.pid).padStart(8, "0")}-${String(counter++).padStart(8, "0")}`;
      writeDurably(folder, `${order}-${id}.json`, JSON.stringify({ id, content: concealIn(content) }));
      return id;
    },
    async flush(deliver, signal) {
      // Another delivery of this process ends first: nothing may be left behind because it was at it.
      for (let other = underWay.get(folder); other; other = underWay.get(folder))
        try {
          await or(other, signal);
        } catch (error) {
          return { delivered: 0, left: names().length, error };
        }
      if (names().length === 0) return { delivered: 0, left: 0 };
      let delivered = 0;
      let unlock: (() => void) | undefined;
      let isOver = () => undefined as void;
      underWay.set(folder, new Promise((resolve) => (isOver = resolve)));
      try {
        unlock = lock(folder);
        if (!unlock) return { delivered, left: names().length, busy: true };
        for (const name of names()) {
          signal?.throwIfAborted();
          const { id, content } = JSON.parse(readFileSync(join(folder, name), "utf8")) as {
            id: string;
            content: unknown;
          };
          const kept = await or(deliver(content, id, name.slice(0, -`-${id}.json`.length)), signal);
          if (kept === "keep") continue;
          rmSync(join(folder, name));
          delivered++;
        }
        return { delivered, left: names().length };
      } catch (error) {
        return { delivered, left: names().length, error };
      } finally {
        unlock?.();
        underWay.delete(folder);
        isOver();
      }
    },
  };
}

/** Writes beside and renames, both flushed to disk: after a power cut the file is there as a whole or not at all. */
function writeDurably(folder: string, name: string, text: string): void {
  const beside = join(folder, `${name}.part`);
  const file = openSync(beside, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, join(folder, name));
  const directory = openSync(folder, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** One process delivers at a time; a lock whose process is gone does not count. Returns how to unlock. */
function lock(folder: string): (() => void) | undefined {
  const path = join(folder, "lock");
  const own = `${path}.${process.pid}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      // Written beside first: a lock without its owner in it would look like one that nobody holds.
      writeFileSync(own, String(process.pid), { mode: 0o600 });
      linkSync(own, path);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = Number(readOr(path, ""));
      // Our own number is that of a process before us: what this one delivers is under way, and waited for.
      if (owner > 0 && owner !== process.pid && isAlive(owner)) return undefined;
      rmSync(path, { force: true });
    } finally {
      rmSync(own, { force: true });
    }
  }
  return undefined;
}

/** What `work` comes to, unless `signal` aborts before. */
function or<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
