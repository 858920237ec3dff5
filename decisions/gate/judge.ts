import { judgeBudget, type BudgetFigures, type BudgetVerdict, type ServiceCounts } from "./errorBudget";
import {
  budgetSeconds,
  errorSignal,
  jobSignal,
  loadBalancerSignal,
  silentSeconds,
  slowSignal,
  suspicion,
} from "./limits";
import { weigh } from "./statistics/likelihoods";
import type { Observation, SlotCounts } from "./observation";
import { observe } from "./observe";
import { percent } from "../text/percent";
import { present } from "../text/present";
import { sufficiency } from "./statistics/ratioTest";
import { longestSeconds, type GateSettings, type GateState } from "./monitorState";
import { targetWait } from "./targetHealth";

/** What a verdict rests on, for the report and the incident. */
export interface GateFigures {
  /** Seconds since the canary got its traffic. */
  seconds: number;
  /** Seconds of them with known metrics, warm-up left out. */
  knownSeconds: number;
  canary: SlotCounts;
  live: SlotCounts;
  /** The canary's measured share of all requests, percent; absent without requests. */
  share?: number;
  /** Evidence by signal, as a part of what a rollback needs (of its logarithm): 1 rolls back, 0 or less is none. */
  evidence: Record<keyof typeof says, number>;
  budget: BudgetFigures;
}

/** The gate's verdict, with what it rests on. */
export interface GateResult {
  /** To be kept, as JSON, and given to the next call. */
  state: GateState;
  verdict: "promote" | "rollback" | "hold";
  /** A hold that is over: the caller takes the canary to weight 0, unpromoted. */
  deadlinePassed: boolean;
  /** Why; for `hold` all that a promotion still waits for. */
  reasons: string[];
  figures: GateFigures;
}

/**
 * Judges a canary (or, after `startBake`, a promoted release) with one more interval. It may be asked as often as one likes:
 * looking more often makes no false alarm likelier. Over a whole canary that is no worse than the live slot (up to the
 * tolerances in limits.ts) the probability of `rollback` is at most `gate.falseRollback`. What is unknown holds.
 */
export function judge(state: GateState, observation: Observation, settings: GateSettings): GateResult {
  return conclude(observe(state, observation, settings), settings);
}

/** The verdict on what is known, without a new interval. */
export function conclude(state: GateState, settings: GateSettings): GateResult {
  const evidence = evidenceOf(state, settings);
  const budget = budgetOf(state, settings);
  const figures = figuresOf(state, evidence, budget.figures);
  const result = (verdict: GateResult["verdict"], reasons: string[]): GateResult => {
    return { state, verdict, deadlinePassed: false, reasons, figures };
  };
  const rollback = state.rollback ?? whyRejected(state, evidence);
  if (rollback) return { ...result("rollback", rollback), state: { ...state, rollback } };

  const { seconds } = figures;
  const isBake = state.mode === "bake";
  const longest = longestSeconds(state, settings);
  const waits = [...missing(state, settings), ...suspicious(evidence)];
  if (isBake && seconds < longest) waits.push(`baked for ${Math.floor(seconds)} of ${longest} s`);
  if (!isBake && !budget.ok && !settings.overridden?.includes("budget")) waits.push(...budget.reasons);
  const isOver = isBake ? seconds >= longest : seconds > longest;
  if (isOver && (!isBake || waits.length > 0)) {
    const late = `not to be promoted after ${Math.floor(seconds)} s, the limit is ${longest} s`;
    return { ...result("hold", [late, ...waits]), deadlinePassed: true };
  }
  return waits.length > 0 ? result("hold", waits) : result("promote", [passed(figures, state)]);
}

/** Whether the error budget allows a promotion; figures of the service that are too old are unknown. */
function budgetOf(state: GateState, { slo }: GateSettings): BudgetVerdict {
  const minutes = lastMinutes(state);
  const isRecent = state.service && (state.at ?? 0) - state.service.at <= budgetSeconds * 1000;
  const service = (isRecent && state.service?.windows) || "unknown";
  const canary = { all: state.totals.canary, fiveMinutes: minutes.own, live: minutes.live };
  return judgeBudget({ service, canary }, slo);
}

function figuresOf(
  { since, at, knownSeconds, totals: { canary, live } }: GateState,
  evidence: GateFigures["evidence"],
  budget: BudgetFigures,
): GateFigures {
  const seconds = since === undefined ? 0 : ((at ?? since) - since) / 1000;
  const all = canary.requests + live.requests;
  const share = all > 0 ? { share: (100 * canary.requests) / all } : {};
  return { seconds, knownSeconds, canary, live, ...share, evidence, budget };
}

/** What a suspected canary has more of, by signal. */
const says = {
  errors: "errors",
  slow: "slow requests",
  jobs: "failed jobs",
  loadBalancer: "errors of the load balancer itself",
} as const;
const signals = Object.keys(says) as (keyof typeof says)[];

function evidenceOf({ tests, loadBalancer, mode }: GateState, { gate, slo }: GateSettings) {
  const { falseRollback } = gate;
  const alone = mode === "bake";
  return {
    errors: sufficiency(tests.errors, errorSignal(slo.objective), falseRollback, alone),
    slow: sufficiency(tests.slow, slowSignal, falseRollback, alone),
    jobs: sufficiency(tests.jobs, jobSignal, falseRollback, alone),
    loadBalancer: weigh(loadBalancer.evidence) / -Math.log(falseRollback * loadBalancerSignal.falseShare),
  };
}

/** Why the evidence rolls back, if it does. */
function whyRejected({ totals }: GateState, evidence: GateFigures["evidence"]): string[] | undefined {
  const { canary, live } = totals;
  const compare = (kind: "errors" | "slow") =>
    `${rate(canary[kind], canary.requests)} of ${Math.round(canary.requests)} requests, the live slot ${rate(live[kind], live.requests)} of ${Math.round(live.requests)}`;
  const reasons = present(
    evidence.errors >= 1 && `the canary has more errors: ${compare("errors")}`,
    evidence.slow >= 1 && `the canary has more slow requests: ${compare("slow")}`,
    evidence.jobs >= 1 && "the canary's workers fail more jobs than the live slot's",
    evidence.loadBalancer >= 1 &&
      "the load balancer itself answers 502 or 503 more often than before the canary",
  );
  return reasons.length > 0 ? reasons : undefined;
}

/** What a promotion cannot do without. */
function missing(state: GateState, { gate }: GateSettings): string[] {
  const { canary, live } = state.totals;
  const isCanary = state.mode === "canary";
  return present(
    ...state.unknown.map((part) => `unknown: ${part}`),
    state.silentSeconds >= silentSeconds &&
      `the canary has had no request for ${Math.floor(state.silentSeconds)} s`,
    targetWait(state),
    isCanary &&
      state.knownSeconds < gate.holdSeconds &&
      `watched for ${Math.floor(state.knownSeconds)} of ${gate.holdSeconds} s`,
    isCanary &&
      canary.requests < gate.minRequests &&
      `${Math.round(canary.requests)} of at least ${gate.minRequests} requests`,
    isCanary &&
      live.requests < gate.minRequests &&
      `the live slot had ${Math.round(live.requests)} requests, at least ${gate.minRequests} are needed to compare with`,
  );
}

/** What looks bad but proves nothing yet. */
const suspicious = (evidence: GateFigures["evidence"]): string[] =>
  signals
    .filter((signal) => evidence[signal] >= suspicion)
    .map(
      (signal) =>
        `the canary is suspected of more ${says[signal]}: ${Math.round(100 * evidence[signal])} % of the evidence that a rollback needs`,
    );

function lastMinutes({ minutes }: GateState): { own: ServiceCounts; live: ServiceCounts } {
  const own = { requests: 0, errors: 0 };
  const live = { requests: 0, errors: 0 };
  for (const minute of minutes) {
    own.requests += minute.requests;
    own.errors += minute.errors;
    live.requests += minute.live.requests;
    live.errors += minute.live.errors;
  }
  return { own, live };
}

function passed({ canary, live, seconds }: GateFigures, { mode }: GateState): string {
  const against = mode === "bake" ? "" : `, the live slot ${rate(live.errors, live.requests)}`;
  return `no worse in ${Math.floor(seconds)} s: ${rate(canary.errors, canary.requests)} of ${Math.round(canary.requests)} requests failed${against}`;
}

const rate = (count: number, of: number): string => (of > 0 ? percent(count / of) : "0 %");
