import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { places, rehearsalEnvironment } from "./environment";
import type { Ports } from "./environment";

/** Runs the product's commands in the working copy, as a person or CI would, and keeps what they said. */

export interface CommandResult {
  exitCode: number;
  /** What a command printed on stdout as JSON, `{}` where it printed none. */
  json: Record<string, unknown>;
  stdout: string;
  stderr: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  seconds: number;
}

/**
 * Runs a program in the working copy; its output goes to `<home>/logs/commands.log` too.
 * Through make every failure is 2, so `exitCode` is the one in the JSON where there is one.
 */
export function runInCopy(
  home: string,
  ports: Ports,
  words: string[],
  environment: Record<string, string> = {},
  limitSeconds = 600,
): Promise<CommandResult> {
  const [command = "", ...parameters] = words;
  const startedAt = Date.now();
  const log = join(home, "logs", "commands.log");
  const record = (text: string) => appendFileSync(log, text);
  record(
    `\n$ ${words.join(" ")} ${Object.entries(environment)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ")}\n`,
  );
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd: places(home).workingCopy,
      env: { ...process.env, ...rehearsalEnvironment(home, ports), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => ((stdout += data.toString()), record(data.toString())));
    child.stderr.on("data", (data: Buffer) => ((stderr += data.toString()), record(data.toString())));
    const limit = setTimeout(() => child.kill("SIGINT"), limitSeconds * 1000);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(limit);
      const json = parse(stdout);
      const exitCode = typeof json.exitCode === "number" ? json.exitCode : (code ?? 1);
      resolve({ exitCode, json, stdout, stderr, startedAt, seconds: (Date.now() - startedAt) / 1000 });
    });
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
