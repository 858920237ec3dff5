import type { ServiceCounts, ServiceWindows } from "../../../decisions/gate/errorBudget";

/** What the whole service had in one step of time. A step of which nothing is known is not there. */
export interface Step extends ServiceCounts {
  /** End of the step, seconds since 1970. */
  at: number;
}

/** Steps of the last `seconds` before `end` (seconds since 1970), each `step` seconds long. */
type ReadSteps = (end: number, seconds: number, step: number) => Promise<Step[]>;

const minute = 60;
const hour = 3600;
/** The windows of the burn rates, seconds; all are read in steps of a minute. */
const burnWindows = { sixHours: 6 * hour, hour, halfHour: 30 * minute, fiveMinutes: 5 * minute };

/**
 * The windows of the error budget from two readings: the budget's days by the hour, the last six hours by the minute.
 * `unknown` where there is no step at all.
 */
export async function serviceWindows(
  windowDays: number,
  read: ReadSteps,
  now = Date.now() / 1000,
): Promise<ServiceWindows | "unknown"> {
  // Up to now and not to the last whole minute: a service's first minute would be unknown, and so would be its release.
  const end = Math.floor(now);
  const days = windowDays * 24 * hour;
  const [hours, minutes] = await Promise.all([
    read(end, days, hour),
    read(end, burnWindows.sixHours, minute),
  ]);
  if (minutes.length === 0) return "unknown";
  const burn = (seconds: number) =>
    total(
      minutes.filter(({ at }) => at > end - seconds),
      seconds / minute,
    );
  return {
    budget: total(hours.length > 0 ? hours : minutes, hours.length > 0 ? days / hour : days / minute),
    sixHours: burn(burnWindows.sixHours),
    hour: burn(burnWindows.hour),
    halfHour: burn(burnWindows.halfHour),
    fiveMinutes: burn(burnWindows.fiveMinutes),
  };
}

/**
 * All that a window had. Where the source knows only a part of it (a young server, a short retention, an outage), the rest
 * is taken to have had as many requests and no errors: else the first minutes of a new server would be the whole budget,
 * and one bad canary would forbid every promotion for weeks. What it cannot know of, it cannot hold against a release.
 */
export function total(steps: readonly Step[], expected: number): ServiceCounts {
  const sum = (kind: "requests" | "errors") => steps.reduce((all, step) => all + step[kind], 0);
  const stretch = steps.length > 0 ? Math.max(1, expected / steps.length) : 1;
  return { requests: Math.round(sum("requests") * stretch), errors: Math.round(sum("errors")) };
}
