import { execFile } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { record } from "../decisions/samples";

/** The command line as a person runs it, in a small project of its own. */

const root = join(__dirname, "../..");

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A project in `folder` that has release 1.2.0, and stacks by name, with their config without the project's prefix. */
export function makeProject(folder: string, stacks: Record<string, Record<string, unknown>>): void {
  cpSync(join(root, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  mkdirSync(join(folder, "releases"));
  writeFileSync(join(folder, "releases/1.2.0.json"), JSON.stringify(record(2)));
  for (const [stack, settings] of Object.entries(stacks)) {
    const keys = Object.entries(settings).map(([key, value]) => [`deployment-safety:${key}`, value]);
    const config = Object.fromEntries(keys) as Record<string, unknown>;
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), stringify({ config }));
  }
}

/** Runs a command in `folder`, with this environment and no other variable, and without a terminal; at most a minute. */
export function runCommand(
  folder: string,
  words: readonly string[],
  env: Record<string, string | undefined>,
): Promise<Ended> {
  const tsx = join(root, "node_modules/tsx/dist/loader.mjs");
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--import", tsx, join(root, "cli/main.ts"), ...words],
      { cwd: folder, env, timeout: 60_000 },
      (_, stdout, stderr) => resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}
