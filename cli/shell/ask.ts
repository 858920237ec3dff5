import { createInterface } from "node:readline/promises";
import { exitCodes, Failure } from "./failure";
import type { Options } from "./options";

/**
 * Asks for confirmation before a destructive command. The question goes to stderr, because stdout is for results.
 * YES=1 confirms without asking. Throws usage (2) where there is no terminal, or where the answer is not yes.
 */
export async function confirm(question: string, options: Options, signal?: AbortSignal): Promise<void> {
  if (options.yes || options.dryRun) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Failure(
      exitCodes.usage,
      `${question} There is no terminal to ask on: set YES=1 (or --yes) to go on. Nothing was changed.`,
    );
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${question} Type yes to continue: `, signal ? { signal } : {});
    if (answer.trim().toLowerCase() !== "yes")
      throw new Failure(exitCodes.usage, "Not confirmed. Nothing was changed.");
  } finally {
    prompt.close();
  }
}
