import * as http from "node:http";
import type { Snapshot } from "./snapshot";

/** One virtual node: its own, possibly old, view, its connections to targets, its round robin's turn by target group. */
export type Worker = { view: Snapshot; agent: http.Agent; turns: Map<string, number> };

/** A change reaches a node within this, milliseconds: AWS names no figure, reports from the field say "seconds". */
const spread = { least: 200, most: 2000 };

/** How long a change of rules took, milliseconds since the epoch: when it was seen, when the last worker had it. */
export type Change = { at: number; appliedAt: number };

/** `change` brings a snapshot to each worker after a random delay of its own, never a later one before an earlier. */
export function createWorkers(count: number, view: Snapshot, onApplied: () => void, random = Math.random) {
  const create = () => ({
    view,
    agent: new http.Agent({ keepAlive: true }),
    turns: new Map<string, number>(),
  });
  const workers: Worker[] = Array.from({ length: count }, create);
  const queues = workers.map((worker) => ({ worker, pending: [] as Snapshot[], last: 0 }));
  const changes: Change[] = [];
  let rules = "";
  const change = (snapshot: Snapshot) => {
    for (const queue of queues) {
      const now = performance.now();
      queue.last = Math.max(queue.last, now + spread.least + random() * (spread.most - spread.least));
      queue.pending.push(snapshot);
      setTimeout(() => {
        queue.worker.view = queue.pending.shift() ?? queue.worker.view;
        onApplied();
      }, queue.last - now);
    }
    // A target's health is no change of rules, but reaches the workers by the same road.
    if (rules === (rules = JSON.stringify(snapshot.listeners))) return;
    const last = Math.max(...queues.map((queue) => queue.last));
    const at = Date.now();
    changes.push({ at, appliedAt: at + last - performance.now() });
  };
  return { workers, change, changes };
}
