import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** What is measured on a rehearsal with a release live in prod. */

const project = process.cwd();

/** Runs a line of shell in the rehearsal's environment, without the policy pack unless `withPolicies`, and gives its seconds. */
export function timed(line: string, { withPolicies = false } = {}): number {
  const unset = withPolicies ? "" : "unset PULUMI_OPTION_POLICY_PACK && ";
  const started = process.hrtime.bigint();
  execFileSync("bash", ["-c", `. .rehearsal/env && ${unset}${line}`], {
    cwd: project,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 900_000,
  });
  return Number(process.hrtime.bigint() - started) / 1e9;
}

/** The middle one of an odd number of values. */
export const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Brings the rehearsal up with a release live in prod, runs `measure`, and takes it down. */
export function withReleaseLive<T>(measure: () => T): T {
  const make = (target: string) =>
    execFileSync("make", ["--no-print-directory", target], {
      cwd: project,
      stdio: "inherit",
      timeout: 1_800_000,
    });
  try {
    make("rehearsal-up");
    if (!existsSync(join(project, ".rehearsal", "env"))) throw new Error("the rehearsal did not come up");
    for (const stack of ["staging", "prod"])
      timed(`make --no-print-directory deploy STACK=${stack} VERSION=1.0.0`);
    return measure();
  } finally {
    make("rehearsal-down");
  }
}
