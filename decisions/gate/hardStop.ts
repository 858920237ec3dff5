import { hardStopFalseShare } from "./limits";
import { usualShare } from "./statistics/ratioTest";

/** One interval as the hard stop remembers it. */
export interface RecentInterval {
  seconds: number;
  canary: { requests: number; errors: number };
  live: { requests: number; errors: number };
}

/** The hard stop looks back this far, seconds. */
const windowSeconds = 10;
/** Fewer errors than this are nobody's death. */
const minErrors = 8;
/** Share of errors from which a canary is plainly dead. */
const minShare = 0.3;
/** Requests that one cause may fail: how many they are is unknown, so that the likeliest explanation counts. */
const clusters = [1, 2, 3, 4, 5];
/** A look back is one more chance of a false alarm in so many seconds; nearer ones see the same errors. */
const chanceSeconds = 2;
/** Most dead canaries are dead at once: a part of the chances is for the first seconds. */
const first = { seconds: 20, part: 0.1 };

/** Adds an interval and forgets what is older than the window; the last one stays, however long it is. */
export function remember(recent: readonly RecentInterval[], interval: RecentInterval): RecentInterval[] {
  const kept = [...recent, interval];
  let seconds = kept.reduce((sum, { seconds: length }) => sum + length, 0);
  while (kept.length > 1 && seconds > windowSeconds) seconds -= kept.shift()?.seconds ?? 0;
  return kept;
}

/** What the hard stop found. */
export interface HardStop {
  errors: number;
  requests: number;
  seconds: number;
}

/** When a canary is judged, and how strictly. */
export interface HardStopLimits {
  objective: number;
  falseRollback: number;
  /** The canary's longest time. */
  longestSeconds: number;
  /** How long it has been going. */
  elapsedSeconds: number;
}

/**
 * Whether the canary is plainly dead, looking back from now, warm-up or not. Errors come by causes of up to 5 each; the live
 * slot says how often such causes come: at 0.1 % errors two in three seconds are no chance, at 2 % they are.
 * `live` is all that the live slot had so far, before the canary too; the first guess, before it had anything, is half of what the objective allows.
 */
export function findHardStop(
  recent: readonly RecentInterval[],
  live: { requests: number; errors: number },
  limits: HardStopLimits,
): HardStop | undefined {
  const newest = recent.at(-1);
  if (!newest || newest.canary.errors === 0) return undefined;
  const guess = (100 - limits.objective) / 100 / 2;
  const usual = usualShare(guess, { total: live.requests, failed: live.errors });
  const level = levelAt(limits);
  const seen = { seconds: 0, requests: 0, errors: 0, liveRequests: 0, liveErrors: 0 };
  for (let index = recent.length - 1; index >= 0; index -= 1) {
    const interval = recent[index];
    if (!interval) continue;
    seen.seconds += interval.seconds;
    seen.requests += interval.canary.requests;
    seen.errors += interval.canary.errors;
    seen.liveRequests += interval.live.requests;
    seen.liveErrors += interval.live.errors;
    if (seen.errors < minErrors || seen.errors < minShare * seen.requests) continue;
    const now = seen.liveRequests > 0 ? seen.liveErrors / seen.liveRequests : 0;
    const expected = seen.requests * Math.max(usual, now);
    const isChance = clusters.some(
      (size) => atLeast(Math.ceil(seen.errors / size), expected / size) >= level,
    );
    if (!isChance) return { errors: seen.errors, requests: seen.requests, seconds: seen.seconds };
  }
  return undefined;
}

/** The probability of a false alarm that one look back may have. */
function levelAt({ falseRollback, longestSeconds, elapsedSeconds }: HardStopLimits): number {
  const whole = falseRollback * hardStopFalseShare * chanceSeconds;
  return elapsedSeconds <= first.seconds
    ? (whole * first.part) / first.seconds
    : (whole * (1 - first.part)) / Math.max(longestSeconds, first.seconds);
}

/** Probability that a Poisson count with this mean is at least `count`. */
function atLeast(count: number, mean: number): number {
  if (mean > count) return 1;
  let term = Math.exp(-mean);
  for (let index = 1; index <= count; index += 1) term *= mean / index;
  let sum = 0;
  for (let index = count; term > 1e-18 && index < count + 200; index += 1) {
    sum += term;
    term *= mean / (index + 1);
  }
  return sum;
}
