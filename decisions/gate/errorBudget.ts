import type { Slo } from "./gateConfig";

/** Requests and errors over some time. */
export interface ServiceCounts {
  requests: number;
  errors: number;
}

/** Length of each window that a burn is judged over, seconds. */
export const windowSeconds = { fiveMinutes: 300, halfHour: 1_800, hour: 3_600, sixHours: 21_600 } as const;
export type BurnWindow = keyof typeof windowSeconds;

/**
 * The whole service, both slots together, over the windows that its error budget is judged by, each up to now; `budget` is
 * over `slo.windowDays`.
 */
export type ServiceWindows = Record<BurnWindow | "budget", ServiceCounts>;

/** What of the objective its error budget depends on. */
export type Objective = Pick<Slo, "objective" | "windowDays">;

/** A burn that is too fast over a long window, so that it is no blip, and over a short one, so that it is not over already. */
export interface FastBurn {
  long: BurnWindow;
  short: BurnWindow;
  /** How many times as fast as allowed; from here on it is too fast. */
  burn: number;
  /** The two windows in words. */
  says: string;
}

/** A burn below this is not fast, however short the objective's window is: it would only end the budget halfway through. */
const leastBurn = 2;

/**
 * The burns that are too fast: one that spends 2 % of the budget in an hour, and one that spends 5 % in six hours. Over
 * 30 days these are the 14.4 and 6 of Google's SRE Workbook, chapter 5; a shorter window has smaller ones. Promotion and
 * alarms both take them from here.
 */
export function fastBurns({ windowDays }: Pick<Objective, "windowDays">): FastBurn[] {
  const spending = (part: number, long: BurnWindow) =>
    Math.max(leastBurn, Math.round((part * windowDays * 86_400_000) / windowSeconds[long]) / 1000);
  return [
    { long: "hour", short: "fiveMinutes", burn: spending(0.02, "hour"), says: "over 1 h and 5 min" },
    { long: "sixHours", short: "halfHour", burn: spending(0.05, "sixHours"), says: "over 6 h and 30 min" },
  ];
}

/** Errors below which a burn rate says nothing: one failed request on a quiet night is none. */
export const minErrors = 3;
/** A canary's own burn is judged from this many requests on. */
const minCanaryRequests = 100;
/** A canary that burns at this rate by its own count is not promoted; the service's burn cannot see a tenth of its traffic. */
const canaryBurn = 14.4;

/** A canary burns by itself what it burns beyond this many times the live slot's burn; the gate's tolerance for errors. */
const sharedBurn = 1.5;

/** The share of requests that may fail. */
const allowedShare = ({ objective }: Objective): number => (100 - objective) / 100;

/** How many times as fast as allowed the errors come: at 1 the budget lasts exactly its window. 0 without requests. */
export function burnRate(counts: ServiceCounts, slo: Objective): number {
  return counts.requests > 0 ? counts.errors / counts.requests / allowedShare(slo) : 0;
}

/** Part of the window's budget that these errors are: 1 is all of it. Without any requests, any error is all of it. */
export function spentPart(errors: number, window: ServiceCounts, slo: Objective): number {
  const allowed = window.requests * allowedShare(slo);
  if (errors <= 0) return 0;
  return allowed > 0 ? errors / allowed : 1;
}

/** What the budget is judged by. */
export interface BudgetInput {
  service: ServiceWindows | "unknown";
  /** All that the canary had, its last five minutes, and what the live slot had in the same ones. */
  canary: { all: ServiceCounts; fiveMinutes: ServiceCounts; live: ServiceCounts };
}

export interface BudgetFigures {
  /** Part of the budget that is left, at most 1; below 0 it is overspent. Absent: unknown. */
  left?: number;
  /** Part of the budget that the canary's errors spent. Absent: unknown. */
  spentByCanary?: number;
  /** Burn rate of the canary's own requests over five minutes. */
  canaryBurn: number;
  /** Burn rates of the service by window. */
  serviceBurn?: Record<BurnWindow, number>;
}

/** Whether a promotion may spend more of the budget, and why not. */
export interface BudgetVerdict {
  ok: boolean;
  /** All that speaks against it; empty when `ok`. */
  reasons: string[];
  figures: BudgetFigures;
}

/** Judges the error budget where no canary has had anything: before one, or between two. */
export function judgeService(service: BudgetInput["service"], slo: Objective): BudgetVerdict {
  const none = { requests: 0, errors: 0 };
  return judgeBudget({ service, canary: { all: none, fiveMinutes: none, live: none } }, slo);
}

/** Judges the error budget: a promotion needs some of it left and no fast burn, of the service or of the canary. */
export function judgeBudget({ service, canary }: BudgetInput, slo: Objective): BudgetVerdict {
  const reasons: string[] = [];
  const own = burnRate(canary.fiveMinutes, slo);
  const { requests, errors } = canary.fiveMinutes;
  // What both slots burn alike is a fault that they share: the service's own burn judges that.
  const isItsOwn = own > sharedBurn * burnRate(canary.live, slo);
  if (requests >= minCanaryRequests && errors >= minErrors && own >= canaryBurn && isItsOwn)
    reasons.push(
      `the canary burns the error budget ${times(own)} as fast as allowed over 5 min, at most ${times(canaryBurn)} may be`,
    );
  if (service === "unknown")
    return {
      ok: false,
      reasons: ["the service's error budget is unknown", ...reasons],
      figures: { canaryBurn: own },
    };

  const left = 1 - spentPart(service.budget.errors, service.budget, slo);
  if (left <= 0)
    reasons.push(
      `no error budget is left: ${service.budget.errors} of ${service.budget.requests} requests failed in ${slo.windowDays} days, ${slo.objective} % must succeed`,
    );
  for (const { long, short, burn, says } of fastBurns(slo)) {
    const slowest = Math.min(burnRate(service[long], slo), burnRate(service[short], slo));
    if (slowest >= burn && service[short].errors >= minErrors)
      reasons.push(
        `the service burns its error budget ${times(slowest)} as fast as allowed ${says}, at most ${times(burn)} may be`,
      );
  }
  const rate = (window: BurnWindow) => burnRate(service[window], slo);
  return {
    ok: reasons.length === 0,
    reasons,
    figures: {
      left,
      spentByCanary: spentPart(canary.all.errors, service.budget, slo),
      canaryBurn: own,
      serviceBurn: {
        hour: rate("hour"),
        fiveMinutes: rate("fiveMinutes"),
        sixHours: rate("sixHours"),
        halfHour: rate("halfHour"),
      },
    },
  };
}

const times = (rate: number): string => `${rate.toFixed(1)} times`;
