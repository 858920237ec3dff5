import { fastBurns, minErrors, windowSeconds, type BurnWindow } from "../gate/errorBudget";
import { slots, type Slot } from "../stack/names";
import { advice, query, type AlarmSettings, type AlarmSpec, type CompositeSpec } from "./alarm";

/** Whose error budget burns: the whole service's, or what one slot alone would do to it. */
export const subjects = ["service", ...slots] as const;
type Subject = (typeof subjects)[number];

/** Length of a window in a key and in words. */
const names: Record<BurnWindow, string> = { fiveMinutes: "5m", halfHour: "30m", hour: "1h", sixHours: "6h" };

/**
 * Multi-window, multi-burn-rate: the burns are those that a promotion is judged by, see {@link fastBurns}. CloudWatch
 * judges one expression over one period, so each window is an alarm of its own with one period, sliding, and the composite
 * `fast` asks for the long and the short one together. The windows alone ring nowhere: a long one rings on for hours after
 * an incident is over, a short one rings at each blip.
 *
 * Fewer than three failures in a window are none, whatever share they are. No data is no request, which spends nothing: not
 * breaching. The classic third pair, 3 days and 6 hours, is not here: it calls for a ticket rather than for a rollback.
 */
export function burnAlarms(
  subject: Subject,
  given: AlarmSettings,
): { windows: AlarmSpec[]; fast: CompositeSpec } {
  const { stack, settings } = given;
  const burns = fastBurns(settings.slo);
  const who = subject === "service" ? `The service ${stack}` : `Slot ${subject} of ${stack}`;
  const rates = burns.map(({ burn, says }) => `${burn} times ${says}`).join(", or ");
  return {
    windows: burns.flatMap(({ long, short, burn }) =>
      [long, short].map((window) => windowAlarm(subject, window, burn, given)),
    ),
    fast: {
      key: `${subject}-burn`,
      anyOf: burns.map(({ long, short }) => [long, short].map((window) => keyOf(subject, window))),
      description:
        `${who} spends its error budget (${settings.slo.objective} % over ${settings.slo.windowDays} days) too fast: ` +
        `${rates}. ${advice(stack)}`,
    },
  };
}

const keyOf = (subject: Subject, window: BurnWindow): string => `${subject}-burn-${names[window]}`;

/**
 * Share of failed requests at which a budget burns `burn` times as fast as allowed, percent. At most 100: with a low
 * objective no share at all would be fast enough, and an outage must still ring.
 */
export const maxFailedPercent = (burn: number, objective: number): number =>
  Math.min(100, Number((burn * (100 - objective)).toFixed(4)));

function windowAlarm(
  subject: Subject,
  window: BurnWindow,
  burn: number,
  { stack, settings }: AlarmSettings,
): AlarmSpec {
  const groups: readonly Slot[] = subject === "service" ? slots : [subject];
  const sum = (id: string) => groups.map((slot) => `FILL(${slot}${id}, 0)`).join(" + ");
  const failed = `(${sum("Failed")})`;
  const threshold = maxFailedPercent(burn, settings.slo.objective);
  return {
    key: keyOf(subject, window),
    period: windowSeconds[window],
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    comparison: "GreaterThanOrEqualToThreshold",
    threshold,
    missing: "notBreaching",
    rings: false,
    queries: groups.flatMap((slot) => [
      query(slot, `${slot}Requests`, "RequestCount"),
      query(slot, `${slot}Failed`, "HTTPCode_Target_5XX_Count"),
    ]),
    expression: `IF(${failed} >= ${minErrors}, 100 * ${failed} / (${sum("Requests")}), 0)`,
    label: `failed requests of ${subject} over ${names[window]}, percent`,
    description:
      `${threshold} % or more of ${subject === "service" ? stack : `slot ${subject} of ${stack}`} failed over ` +
      `${names[window]}, ${burn} times what the objective allows. It rings nowhere by itself: see the alarm ${subject}-burn.`,
  };
}
