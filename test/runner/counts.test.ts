import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCounts, type ResultKind } from "./counts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "counts-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const counted = (kind: ResultKind, text: string, exitCode: number | null = 0) => {
  const file = join(folder, "result");
  writeFileSync(file, text);
  return readCounts(kind, file, exitCode);
};

describe("what counts as passed and failed", () => {
  it("is what each tool's result file says", () => {
    const vitest = JSON.stringify({
      numPassedTests: 3,
      numFailedTests: 1,
      numPendingTests: 1,
      numTodoTests: 1,
    });
    expect(counted("vitest", vitest, 1)).toEqual({ passed: 3, failed: 1, skipped: 2 });
    const junit =
      '<testsuites name="all"><testsuite name="a" errors="1" failures="2" skipped="1" tests="9" /></testsuites>';
    expect(counted("junit", junit, 1)).toEqual({ passed: 5, failed: 3, skipped: 1 });
    const scenarios = JSON.stringify({ scenarios: [{ outcome: "passed" }, { outcome: "failed" }, {}] });
    expect(counted("scenarios", scenarios, 1)).toEqual({ passed: 1, failed: 2, skipped: 0 });
    expect(counted("tests", JSON.stringify({ passed: 7, failed: 2, skipped: 1 }), 1)).toMatchObject({
      passed: 7,
      failed: 2,
    });
  });

  it("is one failure for a tool that crashed after tests that passed", () => {
    const passing = JSON.stringify({ numPassedTests: 3, numFailedTests: 0 });
    expect(counted("vitest", passing, 1)).toMatchObject({ passed: 3, failed: 1 });
    expect(counted("vitest", passing, null)).toMatchObject({ passed: 3, failed: 1 });
    expect(counted("vitest", passing, 0)).toMatchObject({ passed: 3, failed: 0 });
  });

  it.each(["vitest", "junit", "tests", "scenarios"] as const)(
    "is one failure for a %s run without a result",
    (kind) => {
      expect(readCounts(kind, join(folder, "absent"), 0)).toMatchObject({ passed: 0, failed: 1 });
      expect(counted(kind, '{"half', 0)).toMatchObject({ passed: 0, failed: 1 });
    },
  );
});
