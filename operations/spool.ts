import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
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
  /** Takes an item over from another machine, in its order; the same one again is still one. */
  takeOver(item: SpooledItem): void;
  /** Hands every item to `deliver`, the oldest first, and removes it; stops at the first that throws. */
  flush(deliver: (content: unknown, id: string, order: string) => Promise<void>): Promise<Flushed>;
  /** Contents of the items that wait, the oldest first. */
  waiting(): unknown[];
}

/** An item as it waits: what it is, and its place among the others. */
export interface SpooledItem {
  id: string;
  /** Milliseconds, process and count, as the file's name begins. */
  order: string;
  content: unknown;
}

/** What a flush came to. `error` is why it stopped; `busy`: another process delivers at this moment. */
export interface Flushed {
  delivered: number;
  left: number;
  error?: unknown;
  busy?: boolean;
}

let counter = 0;

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
      const order = `${String(Date.now()).padStart(15, "0")}-${String(process.pid).padStart(8, "0")}-${String(counter++).padStart(8, "0")}`;
      this.takeOver({ id, order, content: concealIn(content) });
      return id;
    },
    takeOver({ id, order, content }) {
      mkdirSync(folder, { recursive: true });
      writeDurably(folder, `${order}-${id}.json`, JSON.stringify({ id, content }));
    },
    async flush(deliver) {
      if (names().length === 0) return { delivered: 0, left: 0 };
      const unlock = lock(folder);
      if (!unlock) return { delivered: 0, left: names().length, busy: true };
      let delivered = 0;
      try {
        for (const name of names()) {
          const { id, content } = JSON.parse(readFileSync(join(folder, name), "utf8")) as {
            id: string;
            content: unknown;
          };
          await deliver(content, id, name.slice(0, -`-${id}.json`.length));
          rmSync(join(folder, name));
          delivered++;
        }
        return { delivered, left: 0 };
      } catch (error) {
        return { delivered, left: names().length, error };
      } finally {
        unlock();
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
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = openSync(path, "wx", 0o600);
      writeSync(file, String(process.pid));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = Number(readOr(path, ""));
      if (owner === process.pid || (owner > 0 && isAlive(owner))) return undefined;
      rmSync(path, { force: true });
    }
  }
  return undefined;
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
