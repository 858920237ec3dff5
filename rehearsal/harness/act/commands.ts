import { execFileSync, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { places, rehearsalEnvironment } from "../machine/environment";
import type { Ports } from "../machine/environment";
import { signalTo } from "../machine/processes";

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

/** A command that is running. */
export interface Begun {
  result: Promise<CommandResult>;
  /** Waits for the n-th line on stderr that matches, whenever it came; false if the command ended without it. */
  says(pattern: RegExp, nth?: number): Promise<boolean>;
  /** Lines on stderr so far. */
  lines: readonly string[];
  /** A signal to its whole process group; where the engine is spared, that runs on without its command. */
  signal(name: NodeJS.Signals, sparesEngine?: boolean): void;
}

/** How a command is run, where that is not as usual. */
export interface Ways {
  environment?: Record<string, string>;
  /** Folder to run it in. Default: the working copy. */
  folder?: string;
  /** In a process group of its own, so that it can be killed with all that it started. */
  apart?: boolean;
}

/** The target of a make command line; undefined for any other. */
const targetOf = (words: readonly string[]): string | undefined =>
  words[0] === "make" ? words.slice(1).find((word) => /^[a-z][a-z-]*$/.test(word)) : undefined;

/** Seconds after which a command is interrupted. */
const limitSeconds = 600;

/**
 * Runs a program in the working copy; its output goes to `<home>/logs/commands.log` too.
 * Through make every failure is 2, so `exitCode` is the one in the JSON where there is one.
 */
export const runInCopy = (
  home: string,
  ports: Ports,
  words: string[],
  ways: Ways = {},
): Promise<CommandResult> => beginInCopy(home, ports, words, ways).result;

/** {@link runInCopy} without waiting for the end. */
export function beginInCopy(home: string, ports: Ports, words: string[], ways: Ways = {}): Begun {
  const { environment = {}, folder = places(home).workingCopy, apart = false } = ways;
  const [command = "", ...parameters] = words;
  const startedAt = Date.now();
  const log = join(home, "logs", "commands.log");
  const record = (text: string) => appendFileSync(log, text);
  record(
    `\n$ ${words.join(" ")} ${Object.entries(environment)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ")}\n`,
  );
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
  let heard = () => undefined as void;
  child.stdout.on("data", (data: Buffer) => ((stdout += data.toString()), record(data.toString())));
  child.stderr.on("data", (data: Buffer) => ((stderr += data.toString()), record(data.toString())));
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    heard();
  });
  const limit = setTimeout(() => child.kill("SIGINT"), limitSeconds * 1000);
  let ended = false;
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.once("error", reject);
    // Not `close`: an engine that was spared still holds the streams.
    child.once("exit", (code) => {
      const end = () => {
        clearTimeout(limit);
        ended = true;
        heard();
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
        const look = () => {
          if (lines.filter((line) => pattern.test(line)).length >= nth) resolve(true);
          else if (ended) resolve(false);
        };
        const before = heard;
        heard = () => {
          before();
          look();
        };
        look();
      }),
    signal: (name, sparesEngine = false) => {
      for (const pid of groupOf(child.pid ?? 0, sparesEngine)) signalTo(pid, name);
    },
  };
}

/** The processes of a group, without the engine and all that it started where that is spared. */
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
