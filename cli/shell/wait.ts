/** Waits `milliseconds`; ends early, throwing the signal's reason, when `signal` aborts. */
export function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The result of `work`. If `signal` aborts first, throws the signal's reason; the work itself goes on, and its result is ignored. */
export function within<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** The result of `work`. Throws after `milliseconds`, naming `what`; the work itself goes on, and its result is ignored. */
export async function withinTime<T>(work: Promise<T>, milliseconds: number, what?: string): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`${what ? `${what}: ` : ""}no answer within ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await within(work, late.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Options of {@link retry}. */
export interface RetryOptions {
  /** Attempts in all. Default 5. */
  attempts?: number;
  /** First pause, milliseconds; doubled each time, up to 2 s. Default 100. */
  firstPause?: number;
  /** Whether an error is worth another attempt. Default: every one. */
  again?: (error: unknown) => boolean;
  signal?: AbortSignal | undefined;
  /** Source of jitter in 0..1; a test passes its own. */
  random?: () => number;
}

/**
 * Runs `action` until it does not throw. Pauses double from one attempt to the next and are jittered, so that callers that
 * were throttled together do not return together. Throws the last error.
 */
export async function retry<T>(action: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { attempts = 5, firstPause = 100, again = () => true, signal, random = Math.random } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      if (attempt >= attempts || !again(error)) throw error;
      await wait(Math.min(2000, firstPause * 2 ** (attempt - 1)) * (0.5 + random() / 2), signal);
    }
  }
}
