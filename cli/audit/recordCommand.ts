import type { AuditHead } from "../../decisions/audit/auditChain";
import type { HistoryEntry } from "../../decisions/stack/history";
import { sameId } from "../../decisions/incident/incident";
import { readMessage } from "../../decisions/stack/updateMessage";
import { parameters as paths } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { exitCodes, messageOf } from "../shell/failure";
import { commandOptions, type OptionName } from "../shell/options";
import { deliverOutbox, sendToOutbox } from "./outbox";
import { openReporting, type AuditRecord, type Reporting } from "../ports/auditTrail";
import { redactText } from "../shell/redact";
import type { Spool } from "./spool";
import { spoolIn } from "./stackSpools";
import { deliverMessages, messageDeliveries, messagesWait } from "../incident/notify";
import { within } from "../shell/wait";

/** Seconds that a command waits at its end for its record to be delivered; after that it stays in the spool. */
const patience = 8;

/** Seconds that a command waits that only looks, where something waits that is more than looks. */
const patienceOfLooks = 3;

/** Seconds on a machine that is gone afterwards: what is not delivered by then is handed over. */
const patienceOfEphemeral = 30;

/** Commands that change nothing on the stack: their record waits for one that does, so that looking stays quick. */
const onlyLooks = new Set(["status", "checklist", "smoke", "audit-verify", "playbook", "report", "sync"]);

/** Records of a stack that wait on this machine. */
export const recordsOf = (ctx: Pick<Context, "root" | "stack">): Spool => spoolIn(ctx, "records");

/** What of a command's options says what was asked for. */
const recordedOptions = (Object.keys(commandOptions) as OptionName[]).filter(
  (name) => commandOptions[name].isRecorded,
);

/** What a command was asked and what came of it. Options are named one by one: whatever is not here is never recorded. */
function eventOf(ctx: Context, exitCode: number, error: unknown): AuditRecord {
  const { command, options, output, stack } = ctx;
  const { reason } = options;
  const { schemaDifferences } = output.fields;
  const asked = recordedOptions.map((option) => [option, options[option]] as const);
  return {
    at: new Date().toISOString(),
    kind: "command",
    stack,
    actor: options.actor,
    body: {
      command,
      asked: Object.fromEntries(asked.filter(([, value]) => value !== undefined)),
      reason,
      exitCode,
      ...(error === undefined ? {} : { error: redactText(messageOf(error)).slice(0, 2_000) }),
      schemaDifferences,
      steps: output.steps.map(({ name, from, to, ok }) => ({ name, from, to, ok })),
    },
  };
}

/** Whether all that waits here are looks: an incident that one of them found, or a message, must get to people. */
const canWait = (ctx: Context): boolean =>
  !messagesWait(ctx) &&
  recordsOf(ctx)
    .waiting()
    .every((record) => {
      const { body } = record as AuditRecord;
      return onlyLooks.has(String(body.command)) && !body.incident;
    });

/**
 * Records a command that has ended, and delivers whatever waits. Never fails and never waits long: what cannot be
 * delivered stays on this machine, or is handed over where the machine does not stay, and is said.
 */
export async function recordCommand(ctx: Context, exitCode: number, error: unknown): Promise<void> {
  const { settings, options, command, output } = ctx;
  if (!settings.reporting && !settings.comms) return;
  try {
    if (settings.reporting) recordsOf(ctx).add(eventOf(ctx, exitCode, error));
    const isLook = onlyLooks.has(command);
    const isQuiet = exitCode === exitCodes.usage || (isLook && canWait(ctx));
    if (options.ephemeral || !isQuiet) {
      const seconds = options.ephemeral ? patienceOfEphemeral : isLook ? patienceOfLooks : patience;
      const signal = AbortSignal.timeout(seconds * 1000);
      await within(deliver(ctx, !isLook, signal), signal).catch((failure: unknown) => {
        if (!signal.aborted) throw failure;
        output.warn(
          `recorded here; the delivery did not end within ${seconds} s, a later command goes on with it`,
        );
      });
    }
  } catch (failure) {
    output.warn(`this command could not be recorded: ${messageOf(failure)}`);
  }
  if (options.ephemeral) await sendToOutbox(ctx);
}

/** Delivers whatever waits; with `takes` first what other machines handed over, for that waited longer. */
async function deliver(ctx: Context, takes: boolean, signal: AbortSignal): Promise<void> {
  const records = recordsIn(ctx);
  try {
    if (takes) {
      const bySpool = messageDeliveries(ctx);
      if (ctx.settings.reporting) bySpool.set("records", records.append);
      const keep = (text: string) => {
        if (!ctx.settings.reporting)
          throw new Error("nobody can read it, and this stack has no records to keep it in");
        keepUnreadable(ctx, text);
      };
      await deliverOutbox(ctx, { bySpool, keep }, signal);
    }
    // Side by side: a database that does not answer must not keep people from being told.
    await Promise.all([
      deliverMessages(ctx, signal),
      ...(ctx.settings.reporting ? [deliverRecords(ctx, records, signal)] : []),
    ]);
  } finally {
    await records.end();
  }
}

/** Delivers records that wait here; says what still does. Ends with `signal`. */
async function deliverRecords(
  ctx: Context,
  records: ReturnType<typeof recordsIn>,
  signal: AbortSignal,
): Promise<void> {
  const spool = recordsOf(ctx);
  try {
    const { error, left, busy } = await spool.flush(records.append, signal);
    await records.anchor();
    if (error !== undefined) throw new Error(messageOf(error), { cause: error });
    if (busy) ctx.output.say(`${left} record(s) are being delivered by another command`);
  } catch (error) {
    const where = ctx.options.ephemeral ? "" : " in .deployment-safety and are delivered by a later command";
    ctx.output.warn(`${spool.waiting().length} record(s) wait${where}: ${messageOf(error)}`);
  }
}

/** The stack's records, opened when the first one is appended; updates of history that nobody recorded go before it. */
function recordsIn(ctx: Context) {
  let head: AuditHead | undefined;
  let opened: Promise<{ reporting: Reporting; history: readonly HistoryEntry[] }> | undefined;
  const open = async () => {
    const [url, history] = await Promise.all([recordsUrl(ctx), ctx.engine.history()]);
    const reporting = await openReporting(url);
    head = await appendUpdates(reporting, ctx.stack, history);
    return { reporting, history };
  };
  return {
    append: async (content: unknown, id: string): Promise<void> => {
      const { reporting, history } = await (opened ??= open());
      head = await append(reporting, id, withUpdate(content as AuditRecord, history));
    },
    /** Keeps the number and hash of what was appended last outside of the database. */
    anchor: async () => (head ? anchor(ctx, head) : undefined),
    end: async () => {
      await opened?.then(({ reporting }) => reporting.end()).catch(() => undefined);
    },
  };
}

/** Nothing is lost that somebody sent, though nobody knows what it is. */
export function keepUnreadable(ctx: Context, text: string): void {
  recordsOf(ctx).add({
    at: new Date().toISOString(),
    kind: "command",
    stack: ctx.stack,
    actor: ctx.options.actor,
    body: { command: ctx.command, unreadable: redactText(text) },
  });
}

/** REPORTING_DATABASE_URL of this shell, else the key of the stack's Secret. */
export async function recordsUrl(ctx: Context): Promise<string> {
  if (process.env.REPORTING_DATABASE_URL) return process.env.REPORTING_DATABASE_URL;
  const { reporting } = ctx.settings;
  if (!reporting) throw new Error("this stack has no `reporting`");
  const value = await ctx.cluster.secret(reporting.secretName, reporting.key);
  if (value === undefined)
    throw new Error(`the Secret \`${reporting.secretName}\` has no key ${reporting.key}`);
  return value;
}

/** Appends; a record that the schema will never take is kept as it is, as what it is: a command that could not be filed. */
async function append(reporting: Reporting, id: string, record: AuditRecord): Promise<AuditHead> {
  try {
    return await reporting.append(id, record);
  } catch (error) {
    // 22 and 23: the data itself is refused. Anything else may be better later.
    if (!/^2[23]/.test((error as { code?: string }).code ?? "")) throw error;
    const body = { refused: messageOf(error), record };
    return reporting.append(id, { ...record, kind: "command", body });
  }
}

/** Updates of history that are not recorded yet, the oldest first, each an event of its own. */
async function appendUpdates(
  reporting: Reporting,
  stack: string,
  history: readonly HistoryEntry[],
): Promise<AuditHead | undefined> {
  const known = await reporting.updates(stack);
  let head: AuditHead | undefined;
  for (const entry of history.toReversed()) {
    const update = updateName(entry);
    if (known.has(update) || entry.result === "in-progress") continue;
    const { line, note } = readMessage(entry.message);
    head = await append(reporting, sameId(`${stack} ${update}`), {
      at: entry.endTime ?? entry.startTime,
      kind: "update",
      stack,
      actor: note?.actor ?? "pulumi",
      body: {
        kind: entry.kind,
        message: line,
        ...(note ?? { plain: true }),
        updates: [{ update, message: line, result: entry.result }],
      },
    });
  }
  return head;
}

/** An incident's record with the newest update of the operation that it names, where history has one. */
function withUpdate(record: AuditRecord, history: readonly HistoryEntry[]): AuditRecord {
  const { incident } = record.body;
  if (incident?.operation === undefined) return record;
  const entry = history.find(
    ({ message, result }) => result !== "in-progress" && readMessage(message).note?.id === incident.operation,
  );
  if (!entry) return record;
  return { ...record, body: { ...record.body, incident: { ...incident, update: updateName(entry) } } };
}

/** How records name an update: its number, or its start time where the backend numbers none. */
export const updateName = ({ version, startTime }: HistoryEntry): string =>
  version ? String(version) : startTime;

/** Keeps the newest event's number and hash outside of the database, where a cut tail shows. It never goes back. */
async function anchor(ctx: Context, head: AuditHead): Promise<void> {
  const path = paths.auditHead(ctx.stack);
  const before = readHead(await ctx.parameters.read(path));
  if (!before || before.number < head.number) await ctx.parameters.put(path, JSON.stringify(head));
}

/** The anchored head; undefined when there is none yet. */
export const readHead = (text: string | undefined): AuditHead | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as AuditHead);
