import { Command, CommanderError, Option } from "commander";
import { commands, type CommandName, type OptionName, type Run } from "./catalogue";
import { readAlarmQueue } from "./alarmQueue";
import { createContext, type Context } from "./context";
import { exitCodeOf, exitCodes, Failure } from "./failure";
import { makeLine, readOptions, type Raw } from "./options";
import { recordCommand } from "./record";
import { createReport } from "./report";
import { endTakenBack } from "./takenBack";

/** Flags and help of every option; a command takes those that its catalogue entry names. */
const optionTexts: Record<OptionName, [flags: string, text: string]> = {
  version: ["--version <tag>", "version tag of the release (VERSION)"],
  update: ["--update <id>", "update of stack history: its number, or its start time (UPDATE)"],
  revision: ["--revision <id>", "Alembic revision (REVISION)"],
  digest: ["--digest <sha256>", "image digest (DIGEST)"],
  slot: ["--slot <slot>", "blue or green instead of live traffic (SLOT)"],
  at: ["--at <time>", "time in the past: what a drill restores to, or when an incident began (AT)"],
  to: ["--to <time>", "time to restore to, ISO with its zone (TO)"],
  remove: ["--remove <copy>", "copy that a restore made, to be removed (REMOVE)"],
  name: ["--name <flag>", "name of the flag (NAME)"],
  percentage: ["--percentage <number>", "share of everybody else that has it, 0 to 100 (PERCENTAGE)"],
  roles: ["--roles <list>", "roles that have it, separated by commas, or none (ROLES)"],
  cohorts: ["--cohorts <list>", "cohorts that have it, separated by commas, or none (COHORTS)"],
  hold: [
    "--hold <what>",
    "on: held off whatever the flags say; off: released, by an actor with a reason (HOLD)",
  ],
  incident: ["--incident <id>", "incident that this is part of (INCIDENT)"],
  database: ["--database <what>", "auto, keep or downgrade (DATABASE)"],
  override: [
    "--override <check>",
    "go on although this check failed; needs a reason and an actor (OVERRIDE)",
  ],
  reason: ["--reason <text>", "why; part of the record (REASON)"],
  dryRun: ["--dry-run", "say what would be done and change nothing (DRY_RUN=1)"],
  yes: ["--yes", "do not ask (YES=1)"],
  change: ["--change <subject>", "revision, or vault-lock (CHANGE)"],
  window: [
    "--window <from/to>",
    "when it may run, such as 2026-11-27T22:00/2026-11-28T04:00; default: the next out-of-hours window (WINDOW)",
  ],
  expires: ["--expires <time>", "until when it counts; default: the end of the window (EXPIRES)"],
  text: ["--text <english>", "what guardians will notice, in English; default: the revision's impact (TEXT)"],
  source: ["--source <source>", "alarm or ticket (SOURCE)"],
  cause: ["--cause <cause>", "migration pauses traffic too; release (CAUSE)"],
  audience: [
    "--audience <list>",
    "stakeholders, on-call, guardians, separated by commas; default: the first two (AUDIENCE)",
  ],
  state: ["--state <state>", "stabilized, mitigated, resolved or closed (STATE)"],
  title: ["--title <text>", "what people notice (TITLE)"],
  ticket: ["--ticket <id>", "ticket that an incident is opened for (TICKET)"],
  rootCause: ["--root-cause <text>", "why it happened, to close an incident (ROOT_CAUSE)"],
  action: ["--action <text>", "what will prevent it, to close an incident (ACTION)"],
  owner: ["--owner <name>", "who sees to the action (OWNER)"],
  out: ["--out <file>", "where the page is written; default: below .deployment-safety/reports (OUT)"],
  due: ["--due <date>", "until when, ISO date (DUE)"],
  textArabic: ["--text-arabic <arabic>", "the same in Arabic (TEXT_AR)"],
};

/** Builds the command line: one subcommand a catalogue entry; nothing heavy is loaded until one runs. */
function program(done: (code: number) => void): Command {
  const root = new Command("operations")
    .description(
      "Releases that are safe to make and quick to undo. Options may also come from the environment.",
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(text),
    })
    .showHelpAfterError("(add --help for what is allowed)");
  for (const [name, { summary, options, load }] of Object.entries(commands)) {
    const command = root.command(name).description(summary).exitOverride();
    command.addOption(new Option("--stack <name>", "stack to act on, default prod (STACK)"));
    command.addOption(new Option("--json", "one JSON object on stdout (JSON=1)"));
    command.addOption(new Option("--actor <name>", "who; part of the record (ACTOR)"));
    for (const option of options) command.addOption(new Option(...optionTexts[option]));
    command.action(async (raw: Raw) => done(await runCommand(name as CommandName, raw, load)));
  }
  return root;
}

/** Runs one command and returns its exit code; every error ends in the report. */
async function runCommand(name: CommandName, raw: Raw, load: () => Promise<{ run: Run }>): Promise<number> {
  const json = raw.json ?? !["", "0", "false", "no"].includes((process.env.JSON ?? "").toLowerCase());
  const report = createReport(name, raw.stack || process.env.STACK || "prod", json);
  const abort = new AbortController();
  const stopUpdates = new AbortController();
  abort.signal.addEventListener("abort", () => {
    if (!isTerminalInterrupt) stopUpdates.abort(abort.signal.reason);
  });
  let isTerminalInterrupt = false;
  const again = () =>
    makeLine(raw.stack || process.env.STACK || "prod", name, {
      VERSION: raw.version || process.env.VERSION || undefined,
    });
  // `on`, not `once`: a library that cleans up children ends the process when it finds itself the only listener.
  const interrupt = (signal: NodeJS.Signals) => {
    if (abort.signal.aborted) {
      process.removeListener("SIGINT", interrupt).removeListener("SIGTERM", interrupt);
      process.kill(process.pid, signal);
      return;
    }
    // Ctrl-C at a terminal reaches the engine too, and a second one would end it in the middle of its operations.
    isTerminalInterrupt = signal === "SIGINT" && process.stdin.isTTY;
    report.warn("stopping: what is under way is finished or undone first; once more ends it at once");
    abort.abort(
      new Failure(exitCodes.interrupted, `Interrupted. ${leftOver(report.steps)}`, { next: again() }),
    );
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  let ctx: Context | undefined;
  try {
    const options = readOptions(raw, process.env);
    const { run } = await load();
    ctx = createContext({ command: name, options, report, abort, stopUpdates: stopUpdates.signal });
    await run(ctx);
    await endTakenBack(ctx, exitCodes.done, undefined);
    await readAlarmQueue(ctx);
    await recordCommand(ctx, exitCodes.done, undefined);
    return report.end();
  } catch (error) {
    // Whatever an interruption broke on its way out, the interruption is what happened.
    const end: unknown = abort.signal.aborted ? abort.signal.reason : error;
    if (ctx) await endTakenBack(ctx, exitCodeOf(end), end);
    if (ctx && exitCodeOf(end) !== exitCodes.usage) await readAlarmQueue(ctx);
    if (ctx) await recordCommand(ctx, exitCodeOf(end), end);
    return report.end(end);
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
    await program((value) => (code = value)).parseAsync(process.argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
  process.exitCode = code;
}

void main();
