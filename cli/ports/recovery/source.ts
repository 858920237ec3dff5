import type { ClientConfig } from "pg";
import type { Restorable } from "../../../decisions/recovery/window";

/** What a copy is for: a drill's is removed at its end, a restore's stays until a person removes it. */
export type Purpose = "drill" | "restore";

/** A restored database beside the live one. */
export interface Copy {
  /** Name by which it is found again: `<application>-<stack>-<purpose>-<time>`. */
  id: string;
  purpose: Purpose;
  /** Time that it was restored to, ISO; "" where a killed command did not get as far as writing it. */
  target: string;
  /** Whether it was finished. One that is not is left over from a command that was killed. */
  ready: boolean;
}

/** What to restore. */
export interface Order {
  id: string;
  purpose: Purpose;
  /** ISO time in UTC, inside of what can be restored. */
  target: string;
}

/** Where point-in-time recovery comes from: RDS, or a PostgreSQL server's own backups and log archive. */
export interface RecoverySource {
  readonly name: "rds" | "archive";
  /** How fine a target may be, milliseconds. */
  readonly precision: number;
  /** How long a restore may take, minutes. */
  readonly limitMinutes: number;
  /** Which instants can be restored now; undefined: none. */
  restorable(signal?: AbortSignal): Promise<Restorable | undefined>;
  /**
   * Returns once `instant`, which has passed, can be restored.
   * @param live connection to the live database, where it answers
   */
  reach(instant: string, live: Queryable | undefined, signal?: AbortSignal): Promise<void>;
  /** Restores a copy and waits until it takes queries as a database of its own. Throws with the cause. */
  restore(order: Order, signal?: AbortSignal): Promise<void>;
  /** How to connect to a finished copy as the live database's user. */
  connection(id: string, live: ClientConfig): Promise<ClientConfig>;
  /** For people: how to look into a copy, and how to make it the live one. */
  instructions(id: string): Promise<string[]>;
  /** Notes that a copy is finished. */
  markReady(id: string): Promise<void>;
  /** The stack's copies, finished or left over. */
  copies(): Promise<Copy[]>;
  /** Removes a copy in whatever state it is, and returns once it is gone; one that is not there is no error. */
  remove(id: string): Promise<void>;
  /** When the newest recovery point was completed, ISO; null: there is none. */
  newestPoint(): Promise<string | null>;
  /** Takes one on the spot and waits for it; returns when it was completed, ISO. */
  takePoint(live: ClientConfig, signal?: AbortSignal): Promise<string>;
}

/** As much of a database connection as a source needs. */
export interface Queryable {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
}

/** The purpose that a copy's name says; undefined: it is none of this stack's. */
export function purposeOf(id: string, prefix: string): Purpose | undefined {
  const rest = id.startsWith(`${prefix}-`) ? id.slice(prefix.length + 1) : "";
  const [, purpose] = /^(drill|restore)-\d{8}t\d{9}$/.exec(rest) ?? [];
  return purpose as Purpose | undefined;
}

/** Throws unless `id` is a copy of this stack: nothing else may ever be removed. */
export function assertCopy(id: string, prefix: string): void {
  if (!purposeOf(id, prefix)) throw new Error(`${id} is no copy of ${prefix}; it is not removed`);
}

/** A name for a copy: unique to the millisecond, and allowed as an RDS identifier. */
export const copyId = (prefix: string, purpose: Purpose, at: Date): string =>
  `${prefix}-${purpose}-${at.toISOString().slice(0, 23).replaceAll(/[-:.]/g, "").toLowerCase()}`;

/** Prefix of a stack's copies. */
export const copyPrefix = (application: string, stack: string): string =>
  `${application}-${stack}`.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-");
