import { CommanderError } from "commander";
import { inspect } from "node:util";
import type { CommandName, Run } from "./shell/catalogue";
import { commandLine } from "./shell/commandLine";
import { readAlarmQueue } from "./incident/alarmQueue";
import { createContext, type Context } from "./shell/context";
import { exitCodeOf, exitCodes, Failure } from "./shell/failure";
import { makeLine, readEveryOption, readOptions, type Raw } from "./shell/options";
import { recordCommand } from "./audit/recordCommand";
import { createOutput } from "./shell/output";
import { redactText } from "./shell/redact";

/** Runs one command and returns its exit code; every error ends in its output. */
async function runCommand(name: CommandName, raw: Raw, load: () => Promise<{ run: Run }>): Promise<number> {
  const { stack, json } = readEveryOption(raw, process.env);
  const output = createOutput(name, stack, json);
  const abort = new AbortController();
  const stopUpdates = new AbortController();
  abort.signal.addEventListener("abort", () => {
    if (!isTerminalInterrupt) stopUpdates.abort(abort.signal.reason);
  });
  let isTerminalInterrupt = false;
  const again = () =>
    makeLine(stack, name, { VERSION: String(raw.version || process.env.VERSION || "") || undefined });
  // `on`, not `once`: a library that cleans up children ends the process when it finds itself the only listener.
  const interrupt = (signal: NodeJS.Signals) => {
    if (abort.signal.aborted) {
      process.removeListener("SIGINT", interrupt).removeListener("SIGTERM", interrupt);
      process.kill(process.pid, signal);
      return;
    }
    // Ctrl-C at a terminal reaches the engine too, and a second one would end it in the middle of its operations.
    isTerminalInterrupt = signal === "SIGINT" && process.stdin.isTTY;
    output.warn("stopping: what is under way is finished or undone first; once more ends it at once");
    abort.abort(
      new Failure(exitCodes.interrupted, `Interrupted. ${leftOver(output.steps)}`, { next: again() }),
    );
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  let ctx: Context | undefined;
  try {
    const options = readOptions(raw, process.env);
    const { run } = await load();
    ctx = createContext({ command: name, options, output, abort, stopUpdates: stopUpdates.signal });
    await run(ctx);
    await readAlarmQueue(ctx);
    await recordCommand(ctx, exitCodes.done, undefined);
    return output.end();
  } catch (error) {
    // Whatever an interruption broke on its way out, the interruption is what happened.
    const end: unknown = abort.signal.aborted ? abort.signal.reason : error;
    if (ctx && exitCodeOf(end) !== exitCodes.usage) await readAlarmQueue(ctx);
    if (ctx) await recordCommand(ctx, exitCodeOf(end), end);
    return output.end(end);
  } finally {
    process.removeListener("SIGINT", interrupt).removeListener("SIGTERM", interrupt);
  }
}

/** What an interrupted command had done and what it was at. */
function leftOver(steps: readonly { name: string; ok?: boolean }[]): string {
  const done = steps.filter((step) => step.ok).map((step) => step.name);
  const open = steps.find((step) => step.ok === undefined)?.name;
  return `Done: ${done.join("; ") || "nothing"}. Left: ${open ?? "everything"} and what follows it.`;
}

async function main(): Promise<void> {
  let code: number = exitCodes.done;
  try {
    await commandLine(async (name, raw, load) => {
      code = await runCommand(name, raw, load);
    }).parseAsync(process.argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
  process.exitCode = code;
  // What waits for a server that does not answer must not keep the person who waits for the prompt.
  setTimeout(() => {
    const end = () => process.exit();
    // A reader may be slow: what was printed comes first.
    process.stdout.once("error", end).write("", () => process.stderr.once("error", end).write("", end));
  }, lingerMilliseconds).unref();
}

/** Time that what is still under way at the end has, such as a connection that is being closed. */
const lingerMilliseconds = 2_000;

main().catch((error: unknown) => {
  process.stderr.write(`${redactText(inspect(error))}\n`);
  process.exitCode = exitCodes.unexpected;
});
