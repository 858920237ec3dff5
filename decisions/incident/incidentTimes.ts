import type { IncidentState } from "./incident";

/** How long it took to notice, stop and end an incident: always worked out from the records, never typed in. */

/** One entry of an incident, as far as times are in it. */
export interface TimedEntry {
  /** When it happened, ISO time. */
  at: string;
  /** One of the entry states, or a word that is not known here. */
  state: string;
  body?: unknown;
}

/** When an incident began, was noticed, and reached each state; undefined where the records do not say. */
type IncidentTimes = {
  [Time in "started" | "detected" | Exclude<IncidentState, "opened">]?: Date | undefined;
};

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
  return {
    started: said("startedAt"),
    detected: said("detectedAt") ?? instant(oldestFirst[0]?.at),
    stabilized: first("stabilized"),
    mitigated: first("mitigated") ?? resolved,
    resolved,
    closed: first("closed"),
  };
}

/** The order in which times must come. */
const order = ["started", "detected", "mitigated", "resolved", "closed"] as const;

/** Every pair of times that is the wrong way round, in words. */
export function orderIssues(times: IncidentTimes): string[] {
  const known = order.flatMap((name) => (times[name] ? [{ name, at: times[name] }] : []));
  return known.slice(1).flatMap((later, index) => {
    const earlier = known[index];
    if (!earlier || earlier.at <= later.at) return [];
    const began = earlier.name === "started" ? "began" : `was ${earlier.name}`;
    return [
      `it was ${later.name} at ${later.at.toISOString()}, before it ${began} at ${earlier.at.toISOString()}`,
    ];
  });
}

/**
 * Time to detect, mitigate and resolve, in seconds, never below 0; undefined where one of the two ends is not known. They
 * count from the detection where nobody said when it began, and then there is no time to detect.
 */
export function durations({ started, detected, mitigated, resolved }: IncidentTimes) {
  const from = started ?? detected;
  const since = (at: Date | undefined) =>
    at && from ? Math.max(0, (at.getTime() - from.getTime()) / 1000) : undefined;
  return {
    from: started ? ("started" as const) : ("detected" as const),
    detect: started && since(detected),
    mitigate: since(mitigated),
    resolve: since(resolved),
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
