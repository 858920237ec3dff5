import { expect } from "vitest";
import { recordCommand } from "../../../cli/audit/recordCommand";
import { readAlarmQueue } from "../../../cli/incident/alarmQueue";
import type { Run } from "../../../cli/shell/catalogue";
import { exitCodeOf, exitCodes } from "../../../cli/shell/failure";
import type { Raw } from "../../../cli/shell/options";
import { createOutput } from "../../../cli/shell/output";
import type { MemoryStack } from "./stack";

/** What a person sees of a command that has ended, and what JSON=1 would say. */
export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** The command to type next. */
  next: string | undefined;
  fields: Readonly<Record<string, unknown>>;
}

/** Runs a whole command as main does: what it prints is what a person reads, and it is recorded. */
export async function runCommand(
  stack: MemoryStack,
  name: string,
  run: Run,
  options: Raw = {},
): Promise<Ended> {
  const [stdout, stderr] = [[], []] as [string[], string[]];
  const stream = (texts: string[]) =>
    ({ write: (text: string) => texts.push(text) > 0 }) as unknown as NodeJS.WritableStream;
  const startedAt = stack.clock.now().getTime();
  const secondsNow = () => (stack.clock.now().getTime() - startedAt) / 1000;
  const streams = { stdout: stream(stdout), stderr: stream(stderr) };
  const output = createOutput(name, "prod", false, streams, { startedAt, secondsNow });
  const ctx = { ...stack.context(name, options), output };
  let exitCode: number;
  try {
    await run(ctx);
    await readAlarmQueue(ctx);
    await recordCommand(ctx, exitCodes.done, undefined);
    exitCode = output.end();
  } catch (error) {
    if (exitCodeOf(error) !== exitCodes.usage) await readAlarmQueue(ctx);
    await recordCommand(ctx, exitCodeOf(error), error);
    exitCode = output.end(error);
  }
  const said = stderr.join("");
  const next = /next: (.*)\n$/.exec(said)?.[1];
  return { exitCode, stdout: stdout.join(""), stderr: said, next, fields: output.fields };
}

/** Any text with this in it, for an object that is compared. */
export const containing = (text: string | RegExp): string =>
  (typeof text === "string" ? expect.stringContaining(text) : expect.stringMatching(text)) as string;
