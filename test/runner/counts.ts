import { existsSync, readFileSync } from "node:fs";

/** How many tests passed, failed and were skipped. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A result file's format: vitest's JSON, pytest's JUnit XML, the summary of `make test`, or the rehearsal's. */
export type ResultKind = "vitest" | "junit" | "tests" | "scenarios";

/**
 * Counts in a result file. A run that says it failed without naming a failed test (it crashed, or wrote nothing)
 * counts as one failure, and so does a run without any test.
 */
export function readCounts(kind: ResultKind, file: string, exitCode: number | null): Counts {
  const counts = existsSync(file) ? readers[kind](readFileSync(file, "utf8")) : nothing;
  if (counts.failed > 0) return counts;
  const ranNothing = counts.passed + counts.skipped === 0;
  return exitCode !== 0 || ranNothing ? { ...counts, failed: 1 } : counts;
}

const nothing: Counts = { passed: 0, failed: 0, skipped: 0 };

const readers: Record<ResultKind, (text: string) => Counts> = {
  vitest(text) {
    const report = parse<{
      numPassedTests?: number;
      numFailedTests?: number;
      numPendingTests?: number;
      numTodoTests?: number;
    }>(text);
    return {
      passed: report?.numPassedTests ?? 0,
      failed: report?.numFailedTests ?? 0,
      skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
    };
  },
  junit(text) {
    const total = { tests: 0, bad: 0, skipped: 0 };
    for (const [, attributes = ""] of text.matchAll(/<testsuite\s([^>]*)>/g)) {
      const read = (name: string): number =>
        Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
      total.tests += read("tests");
      total.bad += read("failures") + read("errors");
      total.skipped += read("skipped");
    }
    return { passed: total.tests - total.bad - total.skipped, failed: total.bad, skipped: total.skipped };
  },
  tests: (text) => ({ ...nothing, ...parse<Counts>(text) }),
  scenarios(text) {
    const outcomes = (parse<{ scenarios?: { outcome: string }[] }>(text)?.scenarios ?? []).map(
      ({ outcome }) => outcome,
    );
    const passed = outcomes.filter((outcome) => outcome === "passed").length;
    return { passed, failed: outcomes.length - passed, skipped: 0 };
  },
};

/** A file that a killed run left half written reads as empty. */
function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
