import { hostname, userInfo } from "node:os";
import { readLoss } from "../../decisions/database/schemaPlan";
import { slots, type Slot } from "../../decisions/stack/names";
import { exitCodes, Failure } from "./failure";
import { redactText } from "./secretsOfProcess";

/** Options that a command may take besides --stack, --json and --actor. */
export type OptionName =
  | "version"
  | "update"
  | "revision"
  | "digest"
  | "slot"
  | "at"
  | "to"
  | "remove"
  | "name"
  | "percentage"
  | "roles"
  | "cohorts"
  | "hold"
  | "database"
  | "loss"
  | "override"
  | "reason"
  | "dryRun"
  | "yes"
  | "change"
  | "window"
  | "expires"
  | "text"
  | "textArabic"
  | "incident"
  | "source"
  | "cause"
  | "audience"
  | "state"
  | "title"
  | "ticket"
  | "rootCause"
  | "action"
  | "owner"
  | "due"
  | "out";

/** Options of every command, from the command line and, where that is silent, from the environment (make passes those). */
export interface Options {
  /** Stack to act on. Default `prod`. */
  stack: string;
  /** Version tag of a release. */
  version?: string;
  /** Update of stack history: its number, or its start time where the backend numbers none. */
  update?: string;
  /** Alembic revision. */
  revision?: string;
  /** Image digest (`sha256:…`). */
  digest?: string;
  /** Slot to look at. */
  slot?: Slot;
  /** Name of a flag. */
  name?: string;
  /** Share of everybody else that gets a flag, percent, as it was typed. */
  percentage?: string;
  /** Roles that get a flag, separated by commas; `none` for no role. */
  roles?: string;
  /** Cohorts that get a flag, separated by commas; `none` for no cohort. */
  cohorts?: string;
  /** Whether a flag is held off from now on, or released. */
  hold?: "on" | "off";
  /** Reference of the incident that this is part of. */
  incident?: string;
  /** What a rollback does with the database. Default `auto`. */
  database: "auto" | "keep" | "downgrade";
  /** Rows that a downgrade may lose, by revision. Default: none. */
  loss: ReadonlyMap<string, number>;
  /** Time in the past, as given: what a drill restores to, or when an incident began. */
  at?: string;
  /** Time that a restore goes back to, as given. */
  to?: string;
  /** Copy that a restore made and that is to be removed. */
  remove?: string;
  /** One JSON object on stdout instead of text. */
  json: boolean;
  /** Say what would be done, and change nothing. */
  dryRun: boolean;
  /** Answer every question with yes. */
  yes: boolean;
  /** Check of the checklist that a person overrides. */
  override?: string;
  /** Why; part of the record. */
  reason?: string;
  /**
   * Whether this machine is gone once the command has ended, as a pipeline's runner is (EPHEMERAL): what waits for delivery
   * is handed over to the stack's queue.
   */
  ephemeral: boolean;
  /** Who; part of the record. Default: the user of this machine. */
  actor: string;
  /** Change that cannot be undone: a revision, or `vault-lock`. */
  change?: string;
  /** Window of an approval, `<from>/<to>`. */
  window?: string;
  /** End of an approval. */
  expires?: string;
  /** What guardians will notice, in English. */
  text?: string;
  /** The same in Arabic. */
  textArabic?: string;
  /** What opens an incident by hand, or whose incidents are listed. */
  source?: "alarm" | "ticket";
  /** What an incident was caused by, as far as stabilizing has to know. */
  cause?: "migration" | "release";
  /** Who is told, separated by commas. */
  audience?: string;
  /** State that an incident gets. */
  state?: string;
  /** What people notice, for an incident. */
  title?: string;
  /** Ticket that an incident is opened for. */
  ticket?: string;
  /** Why an incident happened. */
  rootCause?: string;
  /** What will prevent an incident. */
  action?: string;
  /** Who sees to the action. */
  owner?: string;
  /** Until when, ISO date. */
  due?: string;
  /** File that a report is written to. */
  out?: string;
  /** Whether the actor was named rather than taken from the machine: an override and a refused digest need a name. */
  actorNamed: boolean;
}

/** What commander parsed: strings and switches under their long names. */
export type Raw = Partial<Record<"stack" | "actor" | Exclude<OptionName, "dryRun" | "yes">, string>> & {
  json?: boolean;
  dryRun?: boolean;
  yes?: boolean;
};

/** The command line, then the environment, then the defaults. An empty value is unset: make passes those. */
export function readOptions(raw: Raw, env: NodeJS.ProcessEnv): Options {
  const text = (name: keyof Raw, variable: string): string | undefined => {
    const given = raw[name];
    const value = (typeof given === "string" && given !== "" ? given : env[variable]) || undefined;
    // What is typed goes into records, history and the stack file as it is.
    return value === undefined ? undefined : redactText(value);
  };
  const isOn = (given: boolean | undefined, variable: string): boolean => {
    const value = env[variable];
    return given ?? (value !== undefined && !["", "0", "false", "no"].includes(value.toLowerCase()));
  };
  const oneOf = <T extends string>(
    name: string,
    value: string | undefined,
    allowed: readonly T[],
  ): T | undefined => {
    if (value === undefined) return undefined;
    const found = allowed.find((entry) => entry === value);
    if (!found)
      throw new Failure(exitCodes.usage, `${name} is \`${value}\`; allowed are ${allowed.join(", ")}.`);
    return found;
  };
  const actor = text("actor", "ACTOR");
  return {
    stack: text("stack", "STACK") ?? "prod",
    version: text("version", "VERSION"),
    update: text("update", "UPDATE"),
    revision: text("revision", "REVISION"),
    digest: text("digest", "DIGEST"),
    change: text("change", "CHANGE"),
    window: text("window", "WINDOW"),
    expires: text("expires", "EXPIRES"),
    text: text("text", "TEXT"),
    incident: text("incident", "INCIDENT"),
    source: oneOf("SOURCE", text("source", "SOURCE"), ["alarm", "ticket"] as const),
    cause: oneOf("CAUSE", text("cause", "CAUSE"), ["migration", "release"] as const),
    audience: text("audience", "AUDIENCE"),
    state: text("state", "STATE"),
    title: text("title", "TITLE"),
    ticket: text("ticket", "TICKET"),
    rootCause: text("rootCause", "ROOT_CAUSE"),
    action: text("action", "ACTION"),
    owner: text("owner", "OWNER"),
    due: text("due", "DUE"),
    out: text("out", "OUT"),
    textArabic: text("textArabic", "TEXT_AR"),
    slot: oneOf("SLOT", text("slot", "SLOT"), slots),
    name: text("name", "NAME"),
    percentage: text("percentage", "PERCENTAGE"),
    roles: text("roles", "ROLES"),
    cohorts: text("cohorts", "COHORTS"),
    hold: oneOf("HOLD", text("hold", "HOLD"), ["on", "off"] as const),
    database:
      oneOf("DATABASE", text("database", "DATABASE"), ["auto", "keep", "downgrade"] as const) ?? "auto",
    loss: lossOf(text("loss", "LOSS")),
    at: text("at", "AT"),
    to: text("to", "TO"),
    remove: text("remove", "REMOVE"),
    json: isOn(raw.json, "JSON"),
    dryRun: isOn(raw.dryRun, "DRY_RUN"),
    yes: isOn(raw.yes, "YES"),
    ephemeral: isOn(undefined, "EPHEMERAL"),
    override: text("override", "OVERRIDE"),
    reason: text("reason", "REASON"),
    actor: actor ?? machineUser(),
    actorNamed: actor !== undefined,
  };
}

function lossOf(given: string | undefined): ReadonlyMap<string, number> {
  const read = readLoss(given);
  if (!read.ok) throw new Failure(exitCodes.usage, read.reason);
  return read.loss;
}

/** `user@host`; a container may run under an id that has no name. */
function machineUser(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `${process.getuid?.() ?? "unknown"}@${hostname()}`;
  }
}

/** `make <command> NAME=value …` as a person would type it, with the stack where it is not the default. */
export function makeLine(
  stack: string,
  command: string,
  variables: Record<string, string | undefined> = {},
): string {
  const given = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quoted(value)}`],
  );
  return ["make", command, ...(stack === "prod" ? [] : [`STACK=${stack}`]), ...given].join(" ");
}

const quoted = (value: string): string =>
  /^[\w.:/@<>-]+$/.test(value) ? value : `"${value.replaceAll('"', '\\"')}"`;
