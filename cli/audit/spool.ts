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
import { redactRecord } from "../shell/redact";
import { lockFolder } from "./spoolLock";
import { within } from "../shell/wait";

/**
 * What waits for a place that cannot be reached: one durable file an item, delivered later, in order. An item is on disk
 * before it is first tried, so that a crash between the two loses nothing; its id lets the receiver drop a second copy.
 */
export interface Spool {
  /** Writes an item behind all others; it is durable when this returns. Returns its id. */
  add(content: unknown, id?: string): string;
  /**
   * Hands every item to `deliver`, the oldest first, and removes it, unless that says otherwise; stops at the first that
   * throws, or when `signal` aborts. `order` is the item's place: milliseconds, process and count. Never throws.
   */
  flush(
    deliver: (content: unknown, id: string, order: string) => Promise<Outcome>,
    signal?: AbortSignal,
  ): Promise<Flushed>;
  /** Contents of the items that wait, the oldest first. */
  waiting(): unknown[];
}

/** What became of an item: delivered; to be kept; or delivered in part, and what is left of it waits in its place. */
export type Outcome = void | "keep" | { rest: unknown };

/** How an item is delivered; throws where it cannot be now. */
export type Delivery = (content: unknown, id: string) => Promise<Outcome>;

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
      writeDurably(folder, `${order}-${id}.json`, JSON.stringify({ id, content: redactRecord(content) }));
      return id;
    },
    async flush(deliver, signal) {
      let delivered = 0;
      let unlock: (() => void) | undefined;
      let isOver: (() => void) | undefined;
      try {
        // Another delivery of this process ends first: nothing may be left behind because it was at it.
        for (let other = underWay.get(folder); other; other = underWay.get(folder))
          await within(other, signal);
        if (names().length === 0) return { delivered: 0, left: 0 };
        underWay.set(folder, new Promise((resolve) => (isOver = resolve)));
        unlock = lockFolder(folder);
        if (!unlock) return { delivered, left: names().length, busy: true };
        for (const name of names()) {
          signal?.throwIfAborted();
          const { id, content } = JSON.parse(readFileSync(join(folder, name), "utf8")) as {
            id: string;
            content: unknown;
          };
          const outcome = await within(deliver(content, id, name.slice(0, -`-${id}.json`.length)), signal);
          if (outcome === "keep") continue;
          if (outcome) writeDurably(folder, name, JSON.stringify({ id, content: outcome.rest }));
          else {
            rmSync(join(folder, name));
            delivered++;
          }
        }
        return { delivered, left: names().length };
      } catch (error) {
        return { delivered, left: countOr(names, 1), error };
      } finally {
        if (isOver) underWay.delete(folder);
        isOver?.();
        attemptTo(unlock);
      }
    },
  };
}

/** A folder that cannot be read holds something at least: that is why somebody looked. */
function countOr(names: () => string[], otherwise: number): number {
  try {
    return names().length;
  } catch {
    return otherwise;
  }
}

/** A lock that cannot be taken away is dead with this process. */
function attemptTo(unlock: (() => void) | undefined): void {
  try {
    unlock?.();
  } catch {
    // Nothing else is lost by it.
  }
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

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
