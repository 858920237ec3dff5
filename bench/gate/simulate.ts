import type { Case } from "./cases";
import type { Method } from "./methods";
import { createTraces } from "./traces";

/** What one method did with all runs of one case at one rate of requests. */
export interface Outcome {
  case: string;
  perSecond: number;
  method: string;
  runs: number;
  /** Part of the runs that were rolled back. */
  rolledBack: number;
  /** Median seconds from the canary's first request to the rollback; a run that is not caught counts as all its seconds. */
  medianSeconds: number;
  /** 95th percentile of the same. */
  p95Seconds: number;
}

/** Runs a case: every method sees the same traces. `caught` gets the second of each rollback, by method. */
export function simulate(
  one: Case,
  perSecond: number,
  methods: Record<string, Method>,
  { runs, seconds, seed, canaryShare }: { runs: number; seconds: number; seed: number; canaryShare: number },
): { outcomes: Outcome[]; caught: Record<string, number[]> } {
  const next = createTraces({ ...one.traffic, perSecond, seconds, canaryShare }, seed);
  const names = Object.keys(methods);
  const caught: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    const trace = next(run);
    for (const name of names) caught[name]?.push(methods[name]?.(trace, one.kind) ?? Infinity);
  }
  const outcomes = names.map((method) => {
    const sorted = [...(caught[method] ?? [])].sort((a, b) => a - b);
    const at = (part: number) =>
      Math.min(seconds, sorted[Math.min(runs - 1, Math.floor(part * runs))] ?? seconds);
    return {
      case: one.name,
      perSecond,
      method,
      runs,
      rolledBack: sorted.filter(Number.isFinite).length / runs,
      medianSeconds: at(0.5),
      p95Seconds: at(0.95),
    };
  });
  return { outcomes, caught };
}
