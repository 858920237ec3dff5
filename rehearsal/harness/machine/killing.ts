import assert from "node:assert/strict";
import type { Context } from "../context";
import { until } from "./processes";
import { settledState } from "../observe/stackSnapshot";

/** SIGKILL in every step of a command in turn, and what is left after it has been run again. */

/** A command that is to be killed. */
export interface Round {
  target: string;
  variables: Record<string, string>;
  /** Versions by the part that they play, for the comparison with other rounds. */
  parts: Record<string, string>;
}

/** A step as a command announces it. */
const stepLine = /^ *[\d.]+ s {2}> /;
const engineLine = /^ *pulumi \| /;
/** Lines that the engine has said once it is in the middle of an update. */
const linesOfTheEngine = 4;

/**
 * Begins a command and kills it in its n-th step: an update in the middle, any other step at its beginning, which is right
 * after the step before. Every other time the engine is spared and runs on without its command.
 * @returns the step; undefined where the command had none with this number and has ended by itself
 */
export async function killInStep(context: Context, round: Round, nth: number): Promise<string | undefined> {
  const begun = context.begin(round.target, round.variables);
  if (await begun.says(stepLine, nth)) {
    const step = begun.lines.filter((line) => stepLine.test(line))[nth - 1]?.replace(stepLine, "") ?? "";
    const said = begun.lines.filter((line) => engineLine.test(line)).length;
    if (step.includes("pulumi up")) await begun.says(engineLine, said + linesOfTheEngine);
    begun.signal("SIGKILL", nth % 2 === 0);
    await begun.result;
    context.note(`killed in step ${nth}${nth % 2 === 0 ? ", engine spared" : ""}: ${step}`);
    return step;
  }
  assert.equal((await begun.result).exitCode, 0, `${round.target} must end well where nobody kills it`);
  return undefined;
}

/** Seconds that pods may take to be gone or ready after a command has ended. */
const settleSeconds = 20;

/**
 * Kills a command in each of its steps in turn, runs it again each time, and compares what is there then with what an unkilled
 * run leaves. `round(0)` prepares the unkilled one, `round(n)` that which is killed in step n.
 * @returns the steps in which it was killed
 */
export async function killInEveryStep(
  context: Context,
  round: (nth: number) => Promise<Round>,
): Promise<string[]> {
  const unkilled = await round(0);
  await context.expect(0, unkilled.target, unkilled.variables);
  const wanted = await settledState(context, "prod", unkilled.parts);
  const steps: string[] = [];
  for (let nth = 1; ; nth += 1) {
    const next = await round(nth);
    const step = await killInStep(context, next, nth);
    if (step !== undefined) await context.expect(0, next.target, next.variables);
    let found: unknown;
    await until("the state is that of an unkilled run", settleSeconds, async () => {
      found = await settledState(context, "prod", next.parts);
      return JSON.stringify(found) === JSON.stringify(wanted);
    }).catch(() => {
      assert.deepEqual(found, wanted, `killed in step ${nth} (${step ?? "none"}) and run again`);
    });
    if (step === undefined) return steps;
    steps.push(step);
  }
}
