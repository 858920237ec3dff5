import type { ServiceWindows } from "./errorBudget";
import { conclude, judge, type GateResult } from "./judge";
import { suspicion } from "./limits";
import type { Measured, Observation, Unknown } from "./observation";
import { longestSeconds, startBake, startGate, type GateSettings, type GateState } from "./monitorState";
import { unhealthyTargets, halfDeadFor } from "./targetHealth";

/** Share of traffic that the rule gave the canary from a moment on. */
interface WeightSample {
  /** Milliseconds since 1970. */
  at: number;
  /** Percent. */
  weight: number;
}

/** All that is remembered between two samples of a canary. Plain JSON: a deploy that was killed goes on from it. */
export interface MonitorState {
  gate: GateState;
  /** Since the end of the newest interval, and the one before; sources report later than things happen. */
  weights: WeightSample[];
  /** When the rule was first seen to give the canary traffic. */
  canaryFrom?: number;
  /** When the rule was first seen to give the promoted canary all traffic. */
  bakeFrom?: number;
  /** When the last sample was taken. */
  at?: number;
  /** How long fewer than half of the canary's targets have been healthy, by samples and not by intervals. */
  halfDeadSeconds: number;
}

/** What one poll of the canary found. */
export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  /** The canary's share as the rule has it, percent; absent: could not be read. */
  weight?: number;
  /** What the source measured since the last sample, oldest first; a source reports every few seconds, or once a minute. */
  measured: readonly Measured[];
  targets: Observation["targets"];
  service?: ServiceWindows | Unknown | undefined;
  /** Whether the canary may take all traffic: it was judged, or a person overrode that. */
  mayPromote: boolean;
}

/** The state of a canary of which no sample was taken yet. */
export const startMonitor = (settings: GateSettings): MonitorState => ({
  gate: startGate(settings),
  weights: [],
  halfDeadSeconds: 0,
});

/** The gate's verdict on one sample. */
export interface MonitorResult extends GateResult {
  /** `bake` from the moment on at which the rule gave the promoted canary all traffic. */
  phase: "canary" | "bake";
}

/** A source that reports late has this long after the longest time of a canary or a bake, seconds. */
const lateSeconds = 300;

/**
 * Takes one sample: joins what was measured with the share of traffic at that time, and judges it. A canary begins with the
 * first interval in which the rule gave it traffic, a bake with the first one in which it had all of it.
 */
export function observeSample(
  before: MonitorState,
  seen: Sample,
  settings: GateSettings,
): { state: MonitorState; result: MonitorResult } {
  const state = remember(before, seen);
  const service = seen.service ? { service: seen.service } : {};
  for (const measured of seen.measured) {
    const to = typeof measured.at === "number" ? measured.at : Date.parse(measured.at);
    const from = to - measured.seconds * 1000;
    if (state.gate.mode === "canary" && state.bakeFrom !== undefined && from >= state.bakeFrom - 500)
      state.gate = startBake(state.gate, settings);
    const canaryWeight = weightDuring(state.weights, from, to);
    const { halfDeadSeconds } = state;
    const observation = { ...measured, canaryWeight, targets: seen.targets, halfDeadSeconds, ...service };
    state.gate = judge(state.gate, observation, settings).state;
  }
  // Targets are known with each sample, also where the source's next figures are a minute away.
  const unhealthy =
    (state.weights.at(-1)?.weight ?? 0) > 0
      ? unhealthyTargets({ targets: seen.targets, halfDeadSeconds: state.halfDeadSeconds })
      : undefined;
  if (unhealthy && !state.gate.rollback) state.gate = { ...state.gate, rollback: unhealthy };
  const newest = state.gate.at ?? 0;
  const kept = state.weights.findLastIndex((sample) => sample.at <= newest);
  state.weights = state.weights.slice(Math.max(0, kept));
  return { state, result: verdictOf(state, settings) };
}

function remember(before: MonitorState, { at, weight, targets, mayPromote }: Sample): MonitorState {
  const state = { ...before, at };
  const changed = weight !== undefined && weight !== state.weights.at(-1)?.weight;
  if (changed) state.weights = [...state.weights, { at, weight }];
  if (weight !== undefined && weight > 0) state.canaryFrom ??= at;
  if (weight === 100 && mayPromote) state.bakeFrom ??= at;
  const seconds = before.at === undefined ? 0 : (at - before.at) / 1000;
  state.halfDeadSeconds = halfDeadFor(before.halfDeadSeconds, { targets, seconds });
  return state;
}

/** The verdict on what is known, which may lag behind what the rule does. */
export function verdictOf(state: MonitorState, settings: GateSettings): MonitorResult {
  const phase = state.bakeFrom === undefined ? "canary" : "bake";
  const result: MonitorResult = { ...conclude(state.gate, settings), phase };
  // All traffic has gone to the promoted canary and no figure is from after that: what was said of the canary says nothing about that.
  const isBehind = phase === "bake" && state.gate.mode === "canary";
  if (isBehind && result.verdict !== "rollback") {
    result.verdict = "hold";
    result.deadlinePassed = false;
    result.reasons = ["no figures from after the promotion yet"];
  }
  const from = state.bakeFrom ?? state.canaryFrom;
  if (result.verdict !== "hold" || result.deadlinePassed || from === undefined || state.at === undefined)
    return result;
  // A source that says nothing at all must not hold a canary for ever.
  const longest = longestSeconds({ mode: phase }, settings);
  const seconds = (state.at - from) / 1000;
  if (seconds <= longest + lateSeconds) return result;
  const late = `the metrics have not reached the end of these ${Math.floor(seconds)} s`;
  return { ...result, deadlinePassed: true, reasons: [late, ...result.reasons] };
}

/** Whether a person's override promotes this held canary: watched long enough, with sound targets, and nothing looks bad. */
export function mayBeOverridden(
  { verdict, phase, figures, state }: MonitorResult,
  { gate }: GateSettings,
): boolean {
  const { canary } = state.targets;
  const isSound = canary !== "unknown" && canary.total > 0 && canary.healthy === canary.total;
  const worst = Math.max(...Object.values(figures.evidence));
  return (
    verdict === "hold" &&
    phase === "canary" &&
    figures.seconds >= gate.holdSeconds &&
    isSound &&
    worst < suspicion
  );
}

/** The canary's share between two moments, percent: what the rule had at each time, averaged. 0 while nothing is known. */
export function weightDuring(samples: readonly WeightSample[], from: number, to: number): number {
  let sum = 0;
  for (const [index, { at, weight }] of samples.entries()) {
    const begin = index === 0 ? from : Math.max(from, at);
    const end = Math.min(to, samples[index + 1]?.at ?? to);
    if (end > begin) sum += weight * (end - begin);
  }
  return to > from ? sum / (to - from) : 0;
}
