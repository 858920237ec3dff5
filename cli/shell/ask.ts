import { createInterface } from "node:readline/promises";
import { exitCodes, Failure } from "./failure";
import type { Options } from "./options";

/**
 * Asks before a destructive act; the question goes to stderr, for stdout is for results.
 * Yes by YES=1. Throws usage (2) without a terminal to ask at, and when the answer is not yes.
 */
export async function confirm(question: string, options: Options, signal?: AbortSignal): Promise<void> {
  if (options.yes || options.dryRun) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Failure(
      exitCodes.usage,
      `${question} There is no terminal to ask at: say YES=1 (or --yes) to go on. Nothing was changed.`,
    );
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${question} Type yes to go on: `, signal ? { signal } : {});
    if (answer.trim().toLowerCase() !== "yes")
      throw new Failure(exitCodes.usage, "Not confirmed. Nothing was changed.");
  } finally {
    prompt.close();
  }
}
