import { wait } from "../shell/wait";

/** Time, as the commands see it; a test that brings its own clock waits for nothing. */
export interface Clock {
  now(): Date;
  /** Waits `milliseconds`; ends early, throwing the signal's reason, when `signal` aborts. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => new Date(), wait };
