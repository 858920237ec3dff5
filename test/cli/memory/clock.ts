import type { Clock } from "../../../cli/ports/clock";

interface Waiter {
  at: number;
  wake: () => void;
}

/** Rounds of the event loop in which what was woken may go on before time passes again. */
const rounds = 3;

/**
 * Time that passes only while everybody waits: the earliest of the waiters is woken first, and those who wait side by side
 * see the same hours. What waits by other means, such as a heartbeat, does not make it pass.
 */
export class MemoryClock implements Clock {
  private waiters: Waiter[] = [];
  private isRunning = false;

  constructor(private at = Date.UTC(2026, 10, 24)) {}

  now = (): Date => new Date(this.at);

  wait = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const waiter: Waiter = { at: this.at + milliseconds, wake: resolve };
      const stop = () => {
        this.waiters = this.waiters.filter((one) => one !== waiter);
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) return stop();
      signal?.addEventListener("abort", stop, { once: true });
      waiter.wake = () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      };
      this.waiters.push(waiter);
      void this.run();
    });

  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    while (this.waiters.length > 0) {
      for (let round = 0; round < rounds; round++) await new Promise((passed) => setImmediate(passed));
      const next = this.waiters.toSorted((one, two) => one.at - two.at)[0];
      if (!next) break;
      this.waiters = this.waiters.filter((one) => one !== next);
      this.at = Math.max(this.at, next.at);
      next.wake();
    }
    this.isRunning = false;
  }
}
