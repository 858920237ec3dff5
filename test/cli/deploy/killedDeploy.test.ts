import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { run as deploy } from "../../../cli/commands/deploy/deploy";
import { run as rollback } from "../../../cli/commands/rollback/rollback";
import type { Run } from "../../../cli/shell/catalogue";
import type { Raw } from "../../../cli/shell/options";
import { parameters as paths } from "../../../decisions/stack/names";
import { runCommand } from "../memory/command";
import { deploying, goesBadAs, whereItIs } from "../memory/deploying";
import { runMortal, type Death, type Kill } from "../memory/mortal";
import { live, stepsTo, type MemoryStack } from "../memory/stack";

interface Scenario {
  command: [name: string, run: Run];
  options?: Raw;
  stack: () => MemoryStack;
  /** Exit code where nothing is killed. */
  exitCode: number;
  /** Others that a run again may end with, where the killed one had done it all but had not said so. */
  also?: readonly number[];
}

const steps = stepsTo(live(), 2);
const released = () => deploying({}, live(), steps.loaded, steps.canary, steps.promoted, steps.validated);

const scenarios: Record<string, Scenario> = {
  "a deploy": { command: ["deploy", deploy], stack: () => deploying(), exitCode: 0 },
  "a deploy of a canary that goes bad": {
    command: ["deploy", deploy],
    stack: () => goingBad("canary"),
    exitCode: 5,
    // Everything is back: the release is refused, and the checklist says so.
    also: [4],
  },
  "a deploy of a release that goes bad in the bake": {
    command: ["deploy", deploy],
    stack: () => goingBad("validated"),
    exitCode: 5,
    also: [4],
  },
  "a rollback to the release in the idle slot": {
    command: ["rollback", rollback],
    options: { version: "1.1.0" },
    stack: released,
    exitCode: 0,
  },
  "a rollback to a release that no slot holds any more": {
    command: ["rollback", rollback],
    options: { version: "1.1.0" },
    stack: () => {
      const next = stepsTo(steps.validated, 3);
      return deploying(
        {},
        live(),
        ...Object.values(steps),
        ...[next.loaded, next.canary, next.promoted, next.validated],
      );
    },
    exitCode: 0,
  },
};

function goingBad(state: "canary" | "validated"): MemoryStack {
  const stack = deploying();
  goesBadAs(stack, state);
  return stack;
}

/**
 * Where a command can be killed: before each change that it makes, which is after the one before, and in the middle of
 * each update. The monitor saves again and again; once does for all.
 */
function killsOf(changes: readonly string[]): (Kill & { change: string })[] {
  const saves = (change: string) => change === `put ${paths.gate("prod")}`;
  return changes.flatMap((change, index) => {
    if (saves(change) && changes.findIndex(saves) !== index) return [];
    const deaths: Death[] = change.startsWith("up ") ? ["before", "moved", "published"] : ["before"];
    return deaths.map((when) => ({ at: index + 1, when, change }));
  });
}

describe.each(Object.entries(scenarios))(
  "%s that is killed",
  (_, { command, options = {}, stack, exitCode, also = [] }) => {
    const [name, run] = command;

    it(
      "at any update or write ends, run again, where it would have ended",
      { timeout: 120_000 },
      async () => {
        const whole = stack();
        const { changes } = await runMortal(whole, name, run, undefined, options);
        const end = whereItIs(whole);
        expect(end).toMatchObject({ passing: [], isFileApplied: true });
        for (const { change, ...kill } of killsOf(changes)) {
          const killed = stack();
          const { isKilled } = await runMortal(killed, name, run, kill, options);
          const again = await runCommand(killed, name, run, options);
          const where = `killed ${kill.when} ${change} (${String(kill.at)}):\n${again.stderr}`;
          expect([exitCode, ...also], where).toContain(isKilled ? again.exitCode : exitCode);
          expect(whereItIs(killed), where).toEqual(end);
          rmSync(killed.root, { recursive: true });
        }
      },
    );
  },
);
