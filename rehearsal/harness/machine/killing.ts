import assert from "node:assert/strict";
import type { Context } from "../context";
import { until } from "./processes";
import { stackSnapshot } from "../observe/stackSnapshot";

/** Kills a command in each of its steps in turn, and compares what is left after it has run again. */

/** A command to kill. */
export interface Round {
  target: string;
  variables: Record<string, string>;
  /** Version to the role that it plays, for the comparison with other rounds. */
  parts: Record<string, string>;
}

/** A step as a command announces it. */
const stepLine = /^ *[\d.]+ s {2}> /;
const engineLine = /^ *pulumi \| /;
/** Lines that the engine has printed by the middle of an update. */
const linesOfTheEngine = 4;

/**
 * Starts a command and kills it in its n-th step: an update in the middle, any other step at its start, right after the step
 * before. Every other time the engine is spared and keeps running without its command.
 * @returns the step; undefined if the command has no step with this number and ended by itself
 */
export async function killInStep(context: Context, round: Round, nth: number): Promise<string | undefined> {
  const running = context.start(round.target, round.variables);
  if (await running.says(stepLine, nth)) {
    const step = running.lines.filter((line) => stepLine.test(line))[nth - 1]?.replace(stepLine, "") ?? "";
    const said = running.lines.filter((line) => engineLine.test(line)).length;
    if (step.includes("pulumi up")) await running.says(engineLine, said + linesOfTheEngine);
    running.signal("SIGKILL", nth % 2 === 0);
    await running.result;
    context.note(`killed in step ${nth}${nth % 2 === 0 ? ", engine spared" : ""}: ${step}`);
    return step;
  }
  assert.equal((await running.result).exitCode, 0, `${round.target} must end well where nobody kills it`);
  return undefined;
}

/** Seconds that pods may take to disappear or become ready after a command has ended. */
const settleSeconds = 20;

/**
 * Kills a command in each of its steps in turn, runs it again each time, and compares the result with that of a run that nobody
 * killed. `round(0)` prepares the latter, `round(n)` the one that is killed in step n.
 * @returns the steps in which it was killed
 */
export async function killInEveryStep(
  context: Context,
  round: (nth: number) => Promise<Round>,
): Promise<string[]> {
  const unkilled = await round(0);
  await context.expect(0, unkilled.target, unkilled.variables);
  const wanted = await stackSnapshot(context, "prod", unkilled.parts);
  const steps: string[] = [];
  for (let nth = 1; ; nth += 1) {
    const next = await round(nth);
    const step = await killInStep(context, next, nth);
    if (step !== undefined) await context.expect(0, next.target, next.variables);
    let found: unknown;
    await until("the state is that of an unkilled run", settleSeconds, async () => {
      found = await stackSnapshot(context, "prod", next.parts);
      return JSON.stringify(found) === JSON.stringify(wanted);
    }).catch(() => {
      assert.deepEqual(found, wanted, `killed in step ${nth} (${step ?? "none"}) and run again`);
    });
    if (step === undefined) return steps;
    steps.push(step);
  }
}
