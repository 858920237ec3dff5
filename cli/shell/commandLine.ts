import { Command, Option } from "commander";
import { commands, type CommandName, type Run } from "./catalogue";
import type { OptionName, Raw } from "./options";
import { redactText } from "./secretsOfProcess";

/** Flags and help of every option; a command takes those that its catalogue entry names. */
export const optionTexts: Record<OptionName, [flags: string, text: string]> = {
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
  loss: [
    "--loss <revision:rows>",
    "rows that a downgrade may lose at most, as approved; several with commas (LOSS)",
  ],
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

/** Options that every command takes. */
export const everyOption: readonly [flags: string, text: string][] = [
  ["--stack <name>", "stack to act on, default prod (STACK)"],
  ["--json", "one JSON object on stdout (JSON=1)"],
  ["--actor <name>", "who; part of the record (ACTOR)"],
];

/** Runs one command. */
type RunCommand = (name: CommandName, raw: Raw, load: () => Promise<{ run: Run }>) => Promise<void>;

/** The command line: one subcommand a catalogue entry; nothing heavy is loaded until one runs. */
export function commandLine(run: RunCommand): Command {
  const root = new Command("operations")
    .description(
      "Releases that are safe to make and quick to undo. Options may also come from the environment.",
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(redactText(text)),
      writeErr: (text) => process.stderr.write(redactText(text)),
    })
    .showHelpAfterError("(add --help for what is allowed)");
  for (const [name, { summary, options, load }] of Object.entries(commands)) {
    const command = root.command(name).description(summary).exitOverride();
    for (const option of everyOption) command.addOption(new Option(...option));
    for (const option of options) command.addOption(new Option(...optionTexts[option]));
    command.action(async (raw: Raw) => run(name as CommandName, raw, load));
  }
  return root;
}
