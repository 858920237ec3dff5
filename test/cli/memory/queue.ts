import { afterEach } from "vitest";
import type { Queue, QueuedMessage } from "../../../cli/ports/queue";

interface Held {
  body: string;
  group: string;
  isTaken: boolean;
}

/** A queue as SQS's that keep an order: a group of which something is taken gives nothing more, an id is taken once. */
export class MemoryQueue implements Queue {
  readonly held: Held[] = [];
  private readonly seen = new Set<string>();
  /** Why it does not answer. */
  away: Error | undefined;

  /** @param longest characters of a message at most */
  constructor(private readonly longest = 262_144) {}

  /** What somebody took and did not give back lies in it again, as after its visibility time-out. */
  comeBack(): void {
    for (const one of this.held) one.isTaken = false;
  }

  count = async (): Promise<number> => this.held.length;

  async send(body: string, { group, id }: { group: string; id: string }, _?: AbortSignal): Promise<void> {
    if (this.away) throw this.away;
    if (body.length > this.longest)
      throw Object.assign(new Error("too long"), { name: "InvalidParameterValueException" });
    // By the port's own rule, as SQS has it: an id counts in the whole queue, and in its group by what is before it.
    if (!this.seen.has(`${group}:${id}`)) this.held.push({ body, group, isTaken: false });
    this.seen.add(`${group}:${id}`);
  }

  async receive(_?: AbortSignal): Promise<QueuedMessage[]> {
    if (this.away) throw this.away;
    const busy = new Set(this.held.filter(({ isTaken }) => isTaken).map(({ group }) => group));
    // As much of one group as there is comes first.
    const free = this.held.filter(({ group }) => !busy.has(group));
    const given = free.toSorted((one, two) => one.group.localeCompare(two.group)).slice(0, 10);
    return given.map((one) => {
      one.isTaken = true;
      return {
        body: one.body,
        done: async () => void this.held.splice(this.held.indexOf(one), 1),
        again: async () => void (one.isTaken = false),
      };
    });
  }
}

/** The queues of this test, by name; one that is not in it does not exist yet. */
export const queues = new Map<string, MemoryQueue>();
afterEach(() => queues.clear());

/** Stands in for the port's function, by `vi.mock`. */
export const openQueue = async (_: string | undefined, name: string): Promise<Queue | undefined> =>
  queues.get(name);
