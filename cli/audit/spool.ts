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
 * Items that wait for delivery, in order: one durable file each. An item is on disk before its first attempt, so that a
 * crash in between loses nothing; its id lets the receiver drop a second copy.
 */
export interface Spool {
  /** Writes an item behind all others; it is durable when this returns. @returns its id */
  add(content: unknown, id?: string): string;
  /**
   * Passes each item to `deliver`, the oldest first, and removes it unless the outcome says otherwise. Stops at the first
   * that throws, or when `signal` aborts. `order` is the item's place: milliseconds, process and count. Never throws.
   */
  flush(
    deliver: (content: unknown, id: string, order: string) => Promise<Outcome>,
    signal?: AbortSignal,
  ): Promise<Flushed>;
  /** Contents of the waiting items, the oldest first. */
  waiting(): unknown[];
}

/** What became of an item: delivered, kept, or delivered in part, with the rest waiting in its place. */
export type Outcome = void | "keep" | { rest: unknown };

/** Delivers an item; throws if that cannot be done now. */
export type Delivery = (content: unknown, id: string) => Promise<Outcome>;

/** The result of a flush. `error`: why it stopped. `busy`: another process is delivering. */
export interface Flushed {
  delivered: number;
  left: number;
  error?: unknown;
  busy?: boolean;
}

let counter = 0;

/** Folders from which this process is delivering. */
const underWay = new Map<string, Promise<void>>();

/** The spool in `folder`, which is created when it is first needed. */
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
        // Another delivery of this process ends first: it must not make this one leave items behind.
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

/** A folder that cannot be read holds at least one item: otherwise nobody would have read it. */
function countOr(names: () => string[], otherwise: number): number {
  try {
    return names().length;
  } catch {
    return otherwise;
  }
}

/** A lock that cannot be removed is stale once this process has ended. */
function attemptTo(unlock: (() => void) | undefined): void {
  try {
    unlock?.();
  } catch {
    // Nothing is lost.
  }
}

/** Writes another file and renames it, both flushed to disk: after a power cut the file is complete or absent. */
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
