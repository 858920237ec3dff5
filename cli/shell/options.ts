import { hostname, userInfo } from "node:os";
import { readLoss } from "../../decisions/database/schemaPlan";
import { slots } from "../../decisions/stack/names";
import { exitCodes, Failure } from "./failure";
import { redactText } from "./redact";

export { makeLine } from "../../decisions/text/commandHint";

/**
 * Every option, declared once: its flag, its variable, its help and how its value is read. A new option is a new row here;
 * then name it in the catalogue's entries, and its variable in VALUES of the Makefile (a test compares the two).
 */

interface OptionRow<T> {
  /** As commander takes it; without `<…>` it is a switch, which is off by default. */
  flags: string;
  /** Environment variable by which make passes it. */
  env: string;
  /** For --help and docs/commands.md. */
  help: string;
  /** Reads what was given; undefined: nothing was. Throws usage (2) with what is allowed. */
  read: (given: string | undefined, env: string) => T;
  /** Whether the audit trail records it as part of what the command was asked to do. */
  isRecorded: boolean;
}

const row = <T>(
  [flags, env]: [flags: string, env: string],
  help: string,
  read: OptionRow<T>["read"],
): OptionRow<T> => ({ flags, env, help, read, isRecorded: false });

const recorded = <T>(option: OptionRow<T>): OptionRow<T> => ({ ...option, isRecorded: true });

const text = (given: string | undefined): string | undefined => given;

const isOn = (given: string | undefined): boolean =>
  given !== undefined && !["0", "false", "no"].includes(given.toLowerCase());

const oneOf =
  <T extends string>(...allowed: readonly T[]) =>
  (given: string | undefined, env: string): T | undefined => {
    const found = allowed.find((entry) => entry === given);
    if (given !== undefined && !found)
      throw new Failure(exitCodes.usage, `${env} is \`${given}\`; allowed are ${allowed.join(", ")}.`);
    return found;
  };

function lossOf(given: string | undefined): ReadonlyMap<string, number> {
  const read = readLoss(given);
  if (!read.ok) throw new Failure(exitCodes.usage, read.reason);
  return read.loss;
}

const orAuto = (given: string | undefined, env: string) =>
  oneOf("auto", "keep", "downgrade")(given, env) ?? "auto";

/** Options that every command takes. */
export const everyOption = {
  stack: row(["--stack <name>", "STACK"], "stack to act on, default prod", (given) => given ?? "prod"),
  json: row(["--json", "JSON"], "one JSON object on stdout", isOn),
  actor: row(["--actor <name>", "ACTOR"], "who; part of the record", (given) => given ?? machineUser()),
};

/** Options that a command takes whose entry in the catalogue names them. */
export const commandOptions = {
  version: recorded(row(["--version <tag>", "VERSION"], "version tag of the release", text)),
  update: recorded(
    row(
      ["--update <id>", "UPDATE"],
      "update of stack history: its number, its start time, or serial:<serial>",
      text,
    ),
  ),
  revision: recorded(row(["--revision <id>", "REVISION"], "Alembic revision", text)),
  digest: recorded(row(["--digest <sha256>", "DIGEST"], "image digest", text)),
  slot: recorded(row(["--slot <slot>", "SLOT"], "blue or green instead of live traffic", oneOf(...slots))),
  at: row(
    ["--at <time>", "AT"],
    "time in the past: what a drill restores to, or when an incident began",
    text,
  ),
  to: row(["--to <time>", "TO"], "time to restore to, ISO with its zone", text),
  remove: row(["--remove <copy>", "REMOVE"], "copy that a restore made, to be removed", text),
  name: row(["--name <flag>", "NAME"], "name of the flag", text),
  percentage: row(
    ["--percentage <number>", "PERCENTAGE"],
    "share of everybody else that has it, 0 to 100",
    text,
  ),
  roles: row(["--roles <list>", "ROLES"], "roles that have it, separated by commas, or none", text),
  cohorts: row(["--cohorts <list>", "COHORTS"], "cohorts that have it, separated by commas, or none", text),
  hold: row(
    ["--hold <what>", "HOLD"],
    "on: held off whatever the flags say; off: the hold is lifted, by a named actor with a reason",
    oneOf("on", "off"),
  ),
  incident: row(["--incident <id>", "INCIDENT"], "incident that this is part of", text),
  database: recorded(row(["--database <what>", "DATABASE"], "auto, keep or downgrade", orAuto)),
  loss: row(
    ["--loss <revision:rows>", "LOSS"],
    "rows that a downgrade may lose at most, as approved; several with commas",
    lossOf,
  ),
  override: recorded(
    row(
      ["--override <check>", "OVERRIDE"],
      "go on although this check failed; needs a reason and an actor",
      text,
    ),
  ),
  reason: row(["--reason <text>", "REASON"], "why; part of the record", text),
  dryRun: recorded(row(["--dry-run", "DRY_RUN"], "say what would be done and change nothing", isOn)),
  yes: row(["--yes", "YES"], "do not ask", isOn),
  change: recorded(row(["--change <subject>", "CHANGE"], "revision, or vault-lock", text)),
  window: recorded(
    row(
      ["--window <from/to>", "WINDOW"],
      "when it may run, such as 2026-11-27T22:00/2026-11-28T04:00; default: the next out-of-hours window",
      text,
    ),
  ),
  expires: row(["--expires <time>", "EXPIRES"], "until when it counts; default: the end of the window", text),
  text: row(
    ["--text <english>", "TEXT"],
    "what guardians will notice, in English; default: the revision's impact",
    text,
  ),
  source: row(["--source <source>", "SOURCE"], "alarm or ticket", oneOf("alarm", "ticket")),
  cause: row(
    ["--cause <cause>", "CAUSE"],
    "migration pauses traffic too; release",
    oneOf("migration", "release"),
  ),
  audience: row(
    ["--audience <list>", "AUDIENCE"],
    "stakeholders, on-call, guardians, separated by commas; default: the first two",
    text,
  ),
  state: row(["--state <state>", "STATE"], "stabilized, mitigated, resolved or closed", text),
  title: row(["--title <text>", "TITLE"], "what people notice", text),
  ticket: row(["--ticket <id>", "TICKET"], "ticket that an incident is opened for", text),
  rootCause: row(["--root-cause <text>", "ROOT_CAUSE"], "why it happened, to close an incident", text),
  action: row(["--action <text>", "ACTION"], "what will prevent it, to close an incident", text),
  owner: row(["--owner <name>", "OWNER"], "who sees to the action", text),
  out: row(
    ["--out <file>", "OUT"],
    "where the page is written; default: below .deployment-safety/reports",
    text,
  ),
  due: row(["--due <date>", "DUE"], "until when, ISO date", text),
  textArabic: row(["--text-arabic <arabic>", "TEXT_AR"], "the same in Arabic", text),
};

type Values<Rows> = { [Name in keyof Rows]: Rows[Name] extends OptionRow<infer T> ? T : never };

/** Name of an option that a command may take. */
export type OptionName = keyof typeof commandOptions;

/** Options of a command, from the command line, else from the environment. */
export type Options = Values<typeof everyOption & typeof commandOptions> & {
  /**
   * EPHEMERAL=1: this machine is gone once the command has ended, as a pipeline's runner is. What still waits for delivery
   * then goes to the stack's queue.
   */
  ephemeral: boolean;
  /** Whether ACTOR was given, rather than taken from the machine: overriding a check or unblocking a digest needs a name. */
  actorNamed: boolean;
};

/** What commander parsed: strings and switches under their long names. */
export type Raw = Partial<Record<keyof typeof everyOption | OptionName, string | boolean>>;

/** What was given: the command line wins over the environment. An empty value is unset: make passes those. */
function given(
  raw: string | boolean | undefined,
  variable: string,
  env: NodeJS.ProcessEnv,
): string | undefined {
  const value = (typeof raw === "boolean" ? String(raw) : raw) || env[variable] || undefined;
  // What is typed goes into records, history and the stack file word for word.
  return value === undefined ? undefined : redactText(value);
}

function readRows<Rows extends Record<string, OptionRow<unknown>>>(
  rows: Rows,
  raw: Raw,
  env: NodeJS.ProcessEnv,
): Values<Rows> {
  const values = Object.entries(rows).map(([name, { env: variable, read }]) => [
    name,
    read(given(raw[name as keyof Raw], variable, env), variable),
  ]);
  return Object.fromEntries(values) as Values<Rows>;
}

/** Stack, actor and form of the output; every value of these is allowed. */
export const readEveryOption = (raw: Raw, env: NodeJS.ProcessEnv): Values<typeof everyOption> =>
  readRows(everyOption, raw, env);

/** All options with their defaults. Throws usage (2) for a value that is not allowed. */
export const readOptions = (raw: Raw, env: NodeJS.ProcessEnv): Options => ({
  ...readEveryOption(raw, env),
  ...readRows(commandOptions, raw, env),
  ephemeral: isOn(given(undefined, "EPHEMERAL", env)),
  actorNamed: given(raw.actor, "ACTOR", env) !== undefined,
});

/** `user@host`; or the id, where a container runs under one without a name. */
function machineUser(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `${process.getuid?.() ?? "unknown"}@${hostname()}`;
  }
}
