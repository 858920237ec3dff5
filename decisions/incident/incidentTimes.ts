import type { IncidentState } from "./incident";

/** How long an incident took to be noticed, stopped and ended: always worked out from the records, never typed in. */

/** One entry of an incident, as far as times are in it. */
export interface TimedEntry {
  /** When it happened, ISO time. */
  at: string;
  /** One of the entry states, or a word that is not known here. */
  state: string;
  body?: unknown;
}

/** When an incident began, was noticed, and reached each state; absent where the records do not say. */
export interface IncidentTimes {
  started?: Date;
  detected?: Date;
  stabilized?: Date;
  mitigated?: Date;
  resolved?: Date;
  closed?: Date;
}

/** Seconds from the beginning to each step; absent where one of the two is not known. */
export interface Durations {
  detect?: number;
  mitigate?: number | undefined;
  resolve?: number | undefined;
  /** What they are counted from. `detected`: nobody said when it began, so `detect` is absent. */
  from: "started" | "detected";
}

const instant = (value: unknown): Date | undefined => {
  const at = typeof value === "string" ? new Date(value) : undefined;
  return at && !Number.isNaN(at.getTime()) ? at : undefined;
};

/**
 * The times of an incident. When it began and was noticed is what the newest entry that says so says: a person may know
 * better afterwards. A state is reached when it was reached first; what is resolved is mitigated too.
 */
export function timesOf(entries: readonly TimedEntry[]): IncidentTimes {
  const oldestFirst = entries.toSorted((one, two) => one.at.localeCompare(two.at));
  const said = (name: "startedAt" | "detectedAt") =>
    oldestFirst
      .map(({ body }) => instant((body as Record<string, unknown> | undefined)?.[name]))
      .findLast((at) => at !== undefined);
  const first = (state: IncidentState) => instant(oldestFirst.find((entry) => entry.state === state)?.at);
  const resolved = first("resolved") ?? first("closed");
  const mitigated = first("mitigated") ?? resolved;
  const times: { [Name in keyof IncidentTimes]: Date | undefined } = {
    started: said("startedAt"),
    detected: said("detectedAt") ?? instant(oldestFirst[0]?.at),
    stabilized: first("stabilized"),
    mitigated,
    resolved,
    closed: first("closed"),
  };
  return Object.fromEntries(Object.entries(times).filter(([, at]) => at));
}

/** The order in which times must come. */
const order = ["started", "detected", "mitigated", "resolved", "closed"] as const;

/** Every pair of times that is the wrong way round, in words. */
export function orderIssues(times: IncidentTimes): string[] {
  const known = order.flatMap((name) => (times[name] ? [{ name, at: times[name] }] : []));
  return known.slice(1).flatMap((later, index) => {
    const earlier = known[index];
    return earlier && earlier.at > later.at
      ? [
          `it was ${later.name} at ${later.at.toISOString()}, before it ${earlier.name === "started" ? "began" : `was ${earlier.name}`} at ${earlier.at.toISOString()}`,
        ]
      : [];
  });
}

/** Time to detect, mitigate and resolve, in seconds; never below 0. */
export function durations(times: IncidentTimes): Durations {
  const from = times.started ?? times.detected;
  const since = (at: Date | undefined) =>
    at && from ? Math.max(0, (at.getTime() - from.getTime()) / 1000) : undefined;
  const [detect, mitigate, resolve] = [since(times.detected), since(times.mitigated), since(times.resolved)];
  return {
    from: times.started ? "started" : "detected",
    ...(times.started && detect !== undefined && { detect }),
    mitigate,
    resolve,
  };
}

/** A length of time as people say it: `42 s`, `3 min 20 s`, `1 h 5 min`, `2 d 3 h`. */
export function lengthOf(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  const begin = parts.findIndex(([count]) => count > 0);
  if (begin < 0) return "0 s";
  const said = parts.slice(begin, begin + 2).filter(([count]) => count > 0);
  return said.map(([count, unit]) => `${count} ${unit}`).join(" ");
}
