import { other } from "../../decisions/stack/names";
import type { Context } from "./context";
import type { Figures, Scenario } from "./scenario";
import { scenarios } from "../scenarios";

export interface Result {
  name: string;
  outcome: "passed" | "failed";
  seconds: number;
  figures: Figures;
  error?: string;
}

/** Which scenarios a name stands for: none is the default run, `all` every one. */
export function choose(name: string, all: readonly Scenario[]): Scenario[] {
  if (name === "") return all.filter((scenario) => scenario.usual);
  if (name === "all") return [...all];
  const found = all.filter((scenario) => scenario.name === name);
  if (found.length === 0)
    throw new Error(
      `SCENARIO=${name} is not known; there are: all, ${all.map((scenario) => scenario.name).join(", ")}`,
    );
  return found;
}

/** Runs the scenarios one after another and prints each outcome and, at the end, the timeline. */
export async function runScenarios(context: Context, name: string): Promise<Result[]> {
  const results: Result[] = [];
  for (const scenario of choose(name, scenarios)) {
    process.stderr.write(`\n  ${scenario.name}: ${scenario.proves}\n`);
    const started = Date.now();
    const end = (outcome: Result["outcome"], figures: Figures, error?: string) => {
      results.push({
        name: scenario.name,
        outcome,
        seconds: (Date.now() - started) / 1000,
        figures,
        ...(error === undefined ? {} : { error }),
      });
    };
    context.note(`${scenario.name} begins`);
    try {
      end("passed", await scenario.run(context));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      process.stderr.write(`\n  ${scenario.name} FAILED: ${message}\n`);
      end("failed", {}, message);
    }
    await context.tidy();
    if (results.at(-1)?.outcome === "failed") await restore(context);
  }
  printTimeline(context, results);
  return results;
}

/** Brings prod back to a validated release, from which the next scenario can start whatever the failed one left. */
async function restore(context: Context): Promise<void> {
  const now = await context.published("prod");
  if (!now || (now.canaryWeight === 0 && now.traffic === "open" && now.validated !== undefined)) return;
  const versions = [now.live, other(now.live)].flatMap((slot) => now.slots[slot]?.version ?? []);
  for (const VERSION of versions) if ((await context.make("rollback", { VERSION })).exitCode === 0) return;
  context.note("prod could not be brought back; what follows may fail because of that");
}

function printTimeline(context: Context, results: Result[]): void {
  const begin = context.timeline[0]?.at ?? 0;
  const print = (text: string) => process.stdout.write(`${text}\n`);
  print("\nTimeline (seconds since the first scenario began)");
  for (const moment of [...context.timeline].sort((a, b) => a.at - b.at))
    print(`${((moment.at - begin) / 1000).toFixed(1).padStart(8)}  ${moment.text}`);
  print("\nScenarios");
  for (const result of results) {
    print(`  ${result.outcome.padEnd(6)}  ${result.name}  ${result.seconds.toFixed(1)} s`);
    for (const [figure, value] of Object.entries(result.figures))
      print(
        `            ${figure}: ${typeof value === "number" ? Math.round(value * 100) / 100 : String(value)}`,
      );
  }
  const passed = results.filter((result) => result.outcome === "passed").length;
  print(`\n${passed} passed, ${results.length - passed} failed`);
}
