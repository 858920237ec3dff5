import { execFileSync, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Ports, places, rehearsalEnvironment } from "../machine/environment";
import { signalTo } from "../machine/processes";

/** Runs the product's commands in the working copy, as a person or CI would, and keeps their output. */

export interface CommandResult {
  exitCode: number;
  /** The JSON that a command printed on stdout; `{}` if none. */
  json: Record<string, unknown>;
  stdout: string;
  stderr: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  seconds: number;
}

/** A command that is running. */
export interface RunningCommand {
  result: Promise<CommandResult>;
  /** Waits for the n-th matching line on stderr, past ones included; false if the command ends without it. */
  says(pattern: RegExp, nth?: number): Promise<boolean>;
  /** Lines on stderr so far. */
  lines: readonly string[];
  /** Signals its whole process group; a spared engine keeps running without its command. */
  signal(name: NodeJS.Signals, sparesEngine?: boolean): void;
}

/** How to run a command differently than usual. */
export interface RunOptions {
  environment?: Record<string, string>;
  /** Folder to run it in. Default: the working copy. */
  folder?: string;
  /** Use a process group of its own, so that it can be killed with everything it started. */
  apart?: boolean;
}

/** The target of a make command line; undefined for any other. */
const targetOf = (words: readonly string[]): string | undefined =>
  words[0] === "make" ? words.slice(1).find((word) => /^[a-z][a-z-]*$/.test(word)) : undefined;

/** Seconds after which a command is interrupted. */
const limitSeconds = 600;

/**
 * Runs a program in the working copy; its output also goes to `<home>/logs/commands.log`.
 * make turns every failure into 2, so `exitCode` is the one in the JSON if there is one.
 */
export const runInCopy = (
  home: string,
  ports: Ports,
  words: string[],
  options: RunOptions = {},
): Promise<CommandResult> => startInCopy(home, ports, words, options).result;

/** {@link runInCopy} without waiting for the end. */
export function startInCopy(
  home: string,
  ports: Ports,
  words: string[],
  options: RunOptions = {},
): RunningCommand {
  const { environment = {}, folder = places(home).workingCopy, apart = false } = options;
  const [command = "", ...parameters] = words;
  const startedAt = Date.now();
  const log = join(home, "logs", "commands.log");
  const record = (text: string) => appendFileSync(log, text);
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  record(`\n$ ${[...words, ...variables].join(" ")}\n`);
  const child = spawn(command, parameters, {
    cwd: folder,
    // By its access key the cloud knows which command a call is from (permissions.ts).
    env: {
      ...process.env,
      ...rehearsalEnvironment(home, ports),
      ...(targetOf(words) && { AWS_ACCESS_KEY_ID: targetOf(words) }),
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: apart,
  });
  let stdout = "";
  let stderr = "";
  const lines: string[] = [];
  let changed = () => undefined as void;
  child.stdout.on("data", (data: Buffer) => ((stdout += data.toString()), record(data.toString())));
  child.stderr.on("data", (data: Buffer) => ((stderr += data.toString()), record(data.toString())));
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    changed();
  });
  const limit = setTimeout(() => child.kill("SIGINT"), limitSeconds * 1000);
  let ended = false;
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.once("error", reject);
    // Not `close`: a spared engine still holds the streams.
    child.once("exit", (code) => {
      const end = () => {
        clearTimeout(limit);
        ended = true;
        changed();
        const json = parse(stdout);
        const exitCode = typeof json.exitCode === "number" ? json.exitCode : (code ?? 1);
        resolve({ exitCode, json, stdout, stderr, startedAt, seconds: (Date.now() - startedAt) / 1000 });
      };
      if (code === null) end();
      else child.once("close", end);
    });
  });
  return {
    result,
    lines,
    says: (pattern, nth = 1) =>
      new Promise((resolve) => {
        const check = () => {
          if (lines.filter((line) => pattern.test(line)).length >= nth) resolve(true);
          else if (ended) resolve(false);
        };
        const before = changed;
        changed = () => {
          before();
          check();
        };
        check();
      }),
    signal: (name, sparesEngine = false) => {
      for (const pid of groupOf(child.pid ?? 0, sparesEngine)) signalTo(pid, name);
    },
  };
}

/** The processes of a group, without the engine and what it started if it is spared. */
function groupOf(group: number, sparesEngine: boolean): number[] {
  const text = execFileSync("ps", ["-e", "-o", "pid=,ppid=,pgid=,comm="], { encoding: "utf8" });
  const all = text.split("\n").map((line) => {
    const [pid, parent, itsGroup, program = ""] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), group: Number(itsGroup), program };
  });
  const isOfEngine = (pid: number): boolean => {
    const found = all.find((one) => one.pid === pid);
    return found !== undefined && (found.program.startsWith("pulumi") || isOfEngine(found.parent));
  };
  return all
    .filter((one) => one.group === group && !(sparesEngine && isOfEngine(one.pid)))
    .map(({ pid }) => pid);
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The words of a make target with JSON=1. */
export const makeWords = (target: string, variables: Record<string, string>): string[] => [
  "make",
  "--no-print-directory",
  target,
  ...Object.entries({ JSON: "1", ...variables }).map(([name, value]) => `${name}=${value}`),
];

/** What a person would have typed: without what the rehearsal adds to every command. */
export const typed = (words: readonly string[]): string =>
  words.filter((word) => !["--no-print-directory", "JSON=1"].includes(word)).join(" ");
