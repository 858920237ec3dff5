/** The parts of `make test`, in the order in which they run. */

/** One part: a command, how long it may take, and where it says how many tests passed. */
export interface Part {
  /** Name that PARTS= and the summary use. */
  name: string;
  /** Program and arguments; `files` stands for the tracked shell scripts. */
  command: readonly string[];
  /** Seconds after which it is ended and counts as failed. */
  limitSeconds: number;
  /** A static check counts as one; a test runner writes a file that says how many. */
  result: { kind: "check" } | { kind: "vitest" | "junit"; file: string };
}

/** Folder of result files and logs, relative to the project. */
export const resultsFolder = ".rehearsal/test";

const check = (name: string, ...command: string[]): Part => ({
  name,
  command,
  limitSeconds: 180,
  result: { kind: "check" },
});

const vitest = (name: string, limitSeconds: number, ...more: string[]): Part => {
  const file = `${resultsFolder}/${name}.json`;
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  return {
    name,
    command: ["node_modules/.bin/vitest", "run", "--project", name, ...reporters, ...more],
    limitSeconds,
    result: { kind: "vitest", file },
  };
};

/** Checks that run no code of ours; two of them run at a time. */
export const staticChecks: readonly Part[] = [
  check("types", "node_modules/.bin/tsc", "-p", "."),
  check("layers", "node_modules/.bin/depcruise", "--config", ".dependency-cruiser.mjs", "."),
  check("eslint", "node_modules/.bin/eslint", "."),
  check("prettier", "node_modules/.bin/prettier", "--log-level", "warn", "--check", "."),
  check("unused", "node_modules/.bin/knip"),
  check("mypy", "mypy"),
  check("ruff", "ruff", "check", "--quiet", "."),
  check("ruff-format", "ruff", "format", "--quiet", "--check", "."),
  check("shellcheck", "shellcheck", "--", "files"),
  check("actionlint", "actionlint"),
];

/** Tests, one part after another: some of them start servers and measure time. */
export const tests: readonly Part[] = [
  vitest("unit", 420, "--coverage"),
  vitest("components", 240),
  vitest("engine", 480),
  {
    name: "python",
    // Two at once, each file as a whole, each with a PostgreSQL of its own: most of their time they wait.
    command: [
      ...["python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"],
      `--junitxml=${resultsFolder}/python.xml`,
    ],
    limitSeconds: 300,
    result: { kind: "junit", file: `${resultsFolder}/python.xml` },
  },
];
