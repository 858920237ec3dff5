import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./documents";

/** The newest run of `make rehearse` and `make test` whose figures are committed: `bench/results/lastRun.json`. */
interface LastRun {
  on: string;
  machine: string;
  rehearsal: {
    seconds: number;
    scenarios: { name: string; outcome: string; figures: Record<string, number | string> }[];
  };
  tests: { passed: number; failed: number; skipped: number; seconds: number };
}

const begin = "<!-- figures: written from bench/results/lastRun.json by `npx vitest run test/project -u` -->";
const end = "<!-- /figures -->";

/** README's figures, as a list. Throws where the run lacks a scenario or a figure that the list names. */
export function figures({ on, machine, rehearsal, tests }: LastRun): string {
  const figure = (scenario: string, name: string): number => {
    const value = rehearsal.scenarios.find((one) => one.name === scenario)?.figures[name];
    if (typeof value !== "number") throw new Error(`The run has no figure ${name} of ${scenario}.`);
    return value;
  };
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  const both = (name: string): number => figure("second-release", name) + figure("rollback-by-history", name);
  const passed = rehearsal.scenarios.filter(({ outcome }) => outcome === "passed").length;
  return [
    `On ${on}, on ${machine}:`,
    "",
    `- A release and its rollback lost ${both("failedRequests")} of ${both("requests")} requests; ${both("pausedRequests")} met the pause page.`,
    `- \`make rollback\` gave everybody the old version after ${seconds(figure("rollback-by-history", "secondsToOldVersion"))}, of which the load balancer took ${seconds(figure("rollback-by-history", "propagationSeconds"))}. Everything else was restored after ${seconds(figure("rollback-by-history", "secondsTotal"))}.`,
    `- A canary that fails half of its requests was detected ${seconds(figure("bad-canary-errors", "detectSeconds"))} after its first request and had no traffic ${seconds(figure("bad-canary-errors", "brakeSeconds"))} later. ${figure("bad-canary-errors", "failedRequests")} of ${figure("bad-canary-errors", "requests")} requests failed, ${figure("bad-canary-errors", "failedOutsideCanary")} of them outside the canary.`,
    `- Of ${figure("rollback-by-history", "jobs") + figure("bad-canary-errors", "jobs")} background jobs, ${figure("rollback-by-history", "jobsLost") + figure("bad-canary-errors", "jobsLost")} were lost and ${figure("rollback-by-history", "jobsTwice") + figure("bad-canary-errors", "jobsTwice")} ran twice.`,
    `- \`make rehearse\`: ${passed} of ${rehearsal.scenarios.length} scenarios passed in ${Math.round(rehearsal.seconds)} s. \`make test\`: ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped in ${Math.round(tests.seconds)} s.`,
  ].join("\n");
}

/** `readme` with the figures of the committed run between its markers. */
export function withFigures(readme: string): string {
  const run = JSON.parse(readFileSync(join(root, "bench/results/lastRun.json"), "utf8")) as LastRun;
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`README.md must have ${begin} and ${end}, once each.`);
  return `${before}${begin}\n\n${figures(run)}\n\n${end}${after}`;
}
