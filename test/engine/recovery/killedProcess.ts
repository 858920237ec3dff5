import { promisify } from "node:util";
import type { Place } from "./place";

/**
 * One command in a process of its own, which kills itself at the point of the given number, as a machine that goes away
 * would; without one it says what its points are. Programs that were begun go on, as they do then.
 */
const { killAt, ...place } = JSON.parse(process.argv[2] ?? "{}") as Place & { killAt?: number };

let points = 0;
function at(what: string): void {
  if (killAt === undefined) process.stdout.write(`${what}\n`);
  else if (points === killAt) process.kill(process.pid, "SIGKILL");
  points += 1;
}

type Run = (file: string, words: string[], options: object) => Promise<unknown>;
// The module itself, of which an import is a copy.
const programs = process.getBuiltinModule("node:child_process");
const run = promisify(programs.execFile) as Run;
const announced: Run = (file, words, options) => {
  const name = words.slice(words.indexOf("--") + 1).find((word) => !word.startsWith("-")) ?? file;
  const program = name.split("/").at(-1) ?? "";
  const running = run(file, words, options);
  at(`running ${program}`);
  return running;
};
Object.assign(programs, { execFile: Object.assign(() => undefined, { [promisify.custom]: announced }) });

// Only now, for what is loaded takes the function as it finds it.
void (async () => {
  const pg = await import("pg");
  const client = pg.default.Client.prototype as unknown as Record<
    "query",
    (...given: unknown[]) => Promise<unknown>
  >;
  const { query } = client;
  client.query = async function (...given) {
    const answer = await query.apply(this, given);
    if (/^(LOCK|COMMIT|INSERT)/.test(String(given[0]))) at(String(given[0]).split(/[\s(]/, 1)[0] ?? "");
    return answer;
  };
  const { commands, contextOf } = await import("./place.js");
  await commands[place.command].run(contextOf(place, at));
})();
