import assert from "node:assert/strict";
import type { CommandResult } from "../act/commands";
import type { Context } from "../context";
import { jobFigures } from "./jobs";
import { type Load, type Observation, figuresOf } from "./load";
import { digestOf } from "../act/releases";
import type { Figures } from "../scenario";

/** What people saw of a canary, and how soon it was taken from them. */

/** A step of a command, as its JSON has it: seconds after the command was typed. */
interface Step {
  name: string;
  from: number;
  verdict?: string;
  verdictAt?: string;
}

/**
 * The gate's word and when it fell, milliseconds since the epoch. A release may be condemned in the middle of an update,
 * where no step is the gate's own: the brake begins at that moment.
 */
export function verdictOf({ json }: CommandResult): { verdict: string; at: number } {
  const steps = (json.steps ?? []) as Step[];
  // The canary's, which the bake's may follow.
  const judged = steps.find((step) => step.verdict !== undefined);
  const verdict = (json.verdict as string | undefined) ?? judged?.verdict;
  assert.ok(verdict, "the command's JSON must say what the verdict was");
  const brake = steps.find(({ name }) => name.startsWith("brake"));
  if (verdict !== "rollback" || !brake) return { verdict, at: Date.parse(judged?.verdictAt ?? "") };
  return { verdict, at: Date.parse(String(json.startedAt)) + brake.from * 1000 };
}

/** Requests that a release answered. */
export const answeredBy = (load: Load, digest: string): Observation[] =>
  load.observations.filter((seen) => seen.digest === digest);

/**
 * Figures of a deploy whose release was rolled back: how soon it was found out, and how soon nobody met it any more.
 * Fails where a request failed that the bad release had no part in, or a job was lost.
 */
export async function takenBack(
  context: Context,
  load: Load,
  result: CommandResult,
  version: string,
): Promise<Figures> {
  const digest = digestOf(context, version);
  const seen = answeredBy(load, digest);
  const [first, last] = [seen.at(0)?.at, seen.at(-1)?.at];
  assert.ok(first !== undefined && last !== undefined, `people must have met ${version}`);
  const { verdict, at } = verdictOf(result);
  assert.equal(verdict, "rollback", "the gate must have said so");
  const outside = load.observations.filter(
    ({ outcome, digest: by }) => outcome === "failed" && by !== digest,
  );
  const detectSeconds = (at - first) / 1000;
  const brakeSeconds = Math.max(0, (last - at) / 1000);
  context.note(`verdict, ${detectSeconds.toFixed(1)} s after the first request on ${version}`, at);
  context.note(`last request on ${version}, ${brakeSeconds.toFixed(1)} s after the verdict`, last);
  return {
    ...figuresOf(load.observations),
    failedOutsideCanary: outside.length,
    detectSeconds,
    brakeSeconds,
    propagationSeconds: await propagationAfter(context, at),
    rollbackSeconds: (result.startedAt + result.seconds * 1000 - at) / 1000,
    ...(await jobFigures(context, load, { digest, from: first, to: at })),
  };
}

/** Milliseconds within which a change of rules has reached all of the load balancer. */
const propagated = 2_000;

/** The canary's measured share of the requests, percent, from when all of the load balancer knew of it, and how many they were. */
export function shareFigures(load: Load, digest: string, until: number): { share: number; requests: number } {
  const first = (answeredBy(load, digest)[0]?.at ?? until) + propagated;
  const all = load.observations.filter(
    ({ at, outcome }) => at >= first && at <= until && outcome !== "paused",
  );
  const own = all.filter((seen) => seen.digest === digest).length;
  return { share: (100 * own) / Math.max(1, all.length), requests: all.length };
}

/** Seconds that the load balancer took to bring the first change of rules after `at` to its last worker. */
export async function propagationAfter(context: Context, at: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${context.ports.loadBalancerAdmin}/changes`);
  const changes = (await answer.json()) as { at: number; appliedAt: number }[];
  const first = changes.find((change) => change.at >= at);
  assert.ok(first, "the load balancer must have seen a change of rules");
  return (first.appliedAt - first.at) / 1000;
}
