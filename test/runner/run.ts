import { spawn, execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readCounts, type Counts } from "./counts";
import { resultsFolder, staticChecks, tests, type Part } from "./parts";

/**
 * `make test`: runs every part, also after one failed, so that all faults show at once. A line for each part, the output
 * of a failed one, and counts in `.rehearsal/test/summary.json`. PARTS names some parts; `static` stands for the checks.
 */
interface Outcome extends Counts {
  name: string;
  seconds: number;
}

const running = new Set<number>();
const started = Date.now();

async function run(part: Part): Promise<Outcome> {
  const before = Date.now();
  const log = `${resultsFolder}/${part.name}.log`;
  if (part.result.kind !== "check") rmSync(part.result.file, { force: true });
  const exitCode = await exitCodeOf(part, log);
  const counts =
    part.result.kind === "check"
      ? { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 }
      : readCounts(part.result.kind, part.result.file, exitCode);
  const outcome = { name: part.name, seconds: (Date.now() - before) / 1000, ...counts };
  report(part, outcome, log);
  return outcome;
}

/** The exit code, or null if the part did not start or was ended by a signal or by its time limit. */
function exitCodeOf(part: Part, log: string): Promise<number | null> {
  const output = openSync(log, "w");
  const [program = "", ...rest] = part.command.flatMap((word) =>
    word === "files" ? shellScripts() : [word],
  );
  // A group of its own: a test runner that is ended must take its workers with it.
  const child = spawn(program, rest, { stdio: ["ignore", output, output], detached: true });
  closeSync(output);
  if (child.pid !== undefined) running.add(child.pid);
  const limit = setTimeout(() => endGroup(child.pid), part.limitSeconds * 1000);
  return new Promise((resolve) => {
    const end = (code: number | null): void => {
      clearTimeout(limit);
      if (child.pid !== undefined) running.delete(child.pid);
      resolve(code);
    };
    child.once("error", (error) => {
      writeFileSync(log, `${part.command.join(" ")}: ${error.message}\n`);
      end(null);
    });
    child.once("exit", (code) => end(code));
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    return; // it has ended meanwhile
  }
  setTimeout(() => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // it ended in time
    }
  }, 10_000).unref();
}

function shellScripts(): string[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.sh", ".ci/*"], {
    encoding: "utf8",
  });
  return listed.split("\n").filter((file) => file !== "");
}

function report(part: Part, outcome: Outcome, log: string): void {
  const { passed, failed, skipped, seconds } = outcome;
  const counted =
    part.result.kind === "check" ? "" : `${passed} passed, ${failed} failed, ${skipped} skipped`;
  const line = `${failed === 0 ? "ok  " : "FAIL"} ${part.name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${counted}`;
  process.stderr.write(`${line.trimEnd()}\n`);
  if (failed === 0) return;
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  const shown = lines.slice(-150).map((text) => `     ${text}`);
  process.stderr.write(
    `${shown.join("\n")}\n     (${part.command.slice(0, 4).join(" ")} …; all of it in ${log})\n`,
  );
}

/** Runs the parts with at most `width` at a time, in order. */
async function runAll(parts: readonly Part[], width: number): Promise<Outcome[]> {
  const waiting = [...parts];
  const outcomes: Outcome[] = [];
  const lane = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift())
      outcomes.push(await run(part));
  };
  await Promise.all(Array.from({ length: width }, lane));
  return outcomes;
}

function wanted(): (part: Part) => boolean {
  const names = (process.env.PARTS ?? "").split(/[\s,]+/).filter((name) => name !== "");
  const known = [...staticChecks, ...tests].map(({ name }) => name);
  const unknown = names.filter((name) => name !== "static" && !known.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`PARTS names ${unknown.join(", ")}; there are static, ${known.join(", ")}\n`);
    process.exit(2);
  }
  return (part) =>
    names.length === 0 ||
    names.includes(part.name) ||
    (names.includes("static") && staticChecks.includes(part));
}

async function main(): Promise<void> {
  mkdirSync(resultsFolder, { recursive: true });
  rmSync(`${resultsFolder}/summary.json`, { force: true });
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      for (const pid of running) endGroup(pid);
      setTimeout(() => process.exit(130), 1_000);
    });
  const chosen = wanted();
  const outcomes = [
    ...(await runAll(staticChecks.filter(chosen), 2)),
    ...(await runAll(tests.filter(chosen), 1)),
  ];
  const sum = (key: keyof Counts): number => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  const summary = { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
  const seconds = (Date.now() - started) / 1000;
  writeFileSync(
    `${resultsFolder}/summary.json`,
    JSON.stringify({ ...summary, seconds, parts: outcomes }, null, 2),
  );
  const skipped = summary.skipped > 0 ? `, ${summary.skipped} skipped` : "";
  process.stdout.write(
    `${summary.passed} passed, ${summary.failed} failed${skipped} in ${seconds.toFixed(0)} s\n`,
  );
  process.exitCode = summary.failed === 0 ? 0 : 1;
}

void main();
