import type { Observation, SlotCounts } from "../../../decisions/gate/observation";
import { judge, type GateResult } from "../../../decisions/gate/judge";
import { startGate, type GateSettings, type GateState } from "../../../decisions/gate/monitorState";

/** A canary of two minutes. */
export const settings: GateSettings = {
  gate: { holdSeconds: 60, deadlineSeconds: 120, minRequests: 100, falseRollback: 0.01, bakeMinutes: 1 },
  slo: { objective: 99.9, windowDays: 30 },
};

const quiet = { requests: 100_000, errors: 10 };
/** A service that has most of its error budget left. */
export const thrifty = { budget: quiet, sixHours: quiet, hour: quiet, halfHour: quiet, fiveMinutes: quiet };

const healthy = { healthy: 3, total: 3 };

/** Five good requests of the canary and 45 of the live slot in the second that ends at `second`. */
export const good = (second: number, more: Partial<Observation> = {}): Observation => ({
  at: 1000 * second,
  seconds: 1,
  canaryWeight: 10,
  slots: { canary: counts(5), live: counts(45) },
  targets: { canary: healthy, live: healthy },
  service: thrifty,
  ...more,
});

export const counts = (requests: number, errors = 0, slow = 0): SlotCounts => ({ requests, errors, slow });

/** Judges seconds 1 to `last`, or up to the first word that is not `hold`. */
export function watch(
  last: number,
  see: (second: number) => Observation,
  { from = startGate(settings), by = settings }: { from?: GateState; by?: GateSettings } = {},
): GateResult {
  let result: GateResult | undefined;
  for (let second = 1; second <= last; second += 1) {
    result = judge(result?.state ?? from, see(second), by);
    if (result.verdict !== "hold" || result.deadlinePassed) return result;
  }
  if (!result) throw new Error("nothing was watched");
  return result;
}
