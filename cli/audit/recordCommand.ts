import type { AuditHead } from "../../decisions/audit/auditChain";
import type { HistoryEntry } from "../../decisions/stack/history";
import { sameId } from "../../decisions/incident/incident";
import { readMessage } from "../../decisions/stack/updateMessage";
import { parameters as paths } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { exitCodes, messageOf } from "../shell/failure";
import { commandOptions, type OptionName } from "../shell/options";
import { deliverOutbox, sendToOutbox } from "./outbox";
import { openAuditTrail, type AuditRecord, type AuditTrail } from "../ports/auditTrail";
import { redactText } from "../shell/redact";
import type { Spool } from "./spool";
import { spoolIn } from "./stackSpools";
import { deliverMessages, messageDeliveries, messagesWait } from "../incident/notify";
import { within } from "../shell/wait";

/** Seconds that a command waits at its end until its record is delivered; after that the record stays in the spool. */
const patience = 8;

/** The same for a read-only command, where more than records of such commands wait. */
const patienceOfReadOnly = 3;

/** The same on a machine that is gone afterwards: what is not delivered by then goes to the outbox. */
const patienceOfEphemeral = 30;

/** Commands that change nothing on the stack: their record waits for one that does, so that they stay quick. */
const readOnlyCommands = new Set([
  "status",
  "checklist",
  "smoke",
  "audit-verify",
  "playbook",
  "report",
  "sync",
]);

/** The spool of a stack's records on this machine. */
export const recordsOf = (ctx: Pick<Context, "root" | "stack">): Spool => spoolIn(ctx, "records");

/** Options that the record of a command keeps. */
const recordedOptions = (Object.keys(commandOptions) as OptionName[]).filter(
  (name) => commandOptions[name].isRecorded,
);

/** What a command was asked to do and what came of it. Only options whose row says so are recorded. */
function eventOf(ctx: Context, exitCode: number, error: unknown): AuditRecord {
  const { command, options, output, stack, clock } = ctx;
  const { reason } = options;
  const { schemaDifferences } = output.fields;
  const asked = recordedOptions.map((option) => [option, options[option]] as const);
  return {
    at: clock.now().toISOString(),
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

/** Whether only records of read-only commands wait. An incident that one of them found, or a message, must get to people. */
const canWait = (ctx: Context): boolean =>
  !messagesWait(ctx) &&
  recordsOf(ctx)
    .waiting()
    .every((record) => {
      const { body } = record as AuditRecord;
      return readOnlyCommands.has(String(body.command)) && !body.incident;
    });

/**
 * Records a command that has ended, and delivers whatever waits. Never fails and never waits long: what cannot be delivered
 * stays on this machine, or goes to the outbox if the machine does not stay, with a warning.
 */
export async function recordCommand(ctx: Context, exitCode: number, error: unknown): Promise<void> {
  const { settings, options, command, output } = ctx;
  if (!settings.reporting && !settings.comms) return;
  try {
    if (settings.reporting) recordsOf(ctx).add(eventOf(ctx, exitCode, error));
    const isReadOnly = readOnlyCommands.has(command);
    const isQuiet = exitCode === exitCodes.usage || (isReadOnly && canWait(ctx));
    if (options.ephemeral || !isQuiet) {
      const seconds = options.ephemeral ? patienceOfEphemeral : isReadOnly ? patienceOfReadOnly : patience;
      const signal = AbortSignal.timeout(seconds * 1000);
      await within(deliver(ctx, !isReadOnly, signal), signal).catch((failure: unknown) => {
        if (!signal.aborted) throw failure;
        output.warn(
          `recorded on this machine; the delivery took more than ${seconds} s, and a later command finishes it`,
        );
      });
    }
  } catch (failure) {
    output.warn(`this command could not be recorded: ${messageOf(failure)}`);
  }
  if (options.ephemeral) await sendToOutbox(ctx);
}

/** Delivers whatever waits; with `takesOutbox` first what other machines left in the outbox, which has waited longer. */
async function deliver(ctx: Context, takesOutbox: boolean, signal: AbortSignal): Promise<void> {
  const records = recordsIn(ctx);
  try {
    if (takesOutbox) {
      const bySpool = messageDeliveries(ctx);
      if (ctx.settings.reporting) bySpool.set("records", records.append);
      const keep = (text: string) => {
        if (!ctx.settings.reporting)
          throw new Error("it is unreadable, and this stack has no records to keep it in");
        keepUnreadable(ctx, text);
      };
      await deliverOutbox(ctx, { bySpool, keep }, signal);
    }
    // Side by side: a database that does not answer must not delay the messages.
    await Promise.all([
      deliverMessages(ctx, signal),
      ...(ctx.settings.reporting ? [deliverRecords(ctx, records, signal)] : []),
    ]);
  } finally {
    await records.end();
  }
}

/** Delivers records that wait on this machine, and warns of those that still do. Ends with `signal`. */
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
    if (busy) ctx.output.say(`another command is delivering ${left} record(s)`);
  } catch (error) {
    const where = ctx.options.ephemeral ? "" : " in .deployment-safety, and a later command delivers them";
    ctx.output.warn(`${spool.waiting().length} record(s) wait${where}: ${messageOf(error)}`);
  }
}

/** The stack's records, opened when the first one is appended, after updates in stack history that are not recorded yet. */
function recordsIn(ctx: Context) {
  let head: AuditHead | undefined;
  let opened: Promise<{ trail: AuditTrail; history: readonly HistoryEntry[] }> | undefined;
  const open = async () => {
    const [url, history] = await Promise.all([recordsUrl(ctx), ctx.engine.history()]);
    const trail = await openAuditTrail(url);
    head = await appendUpdates(trail, ctx.stack, history);
    return { trail, history };
  };
  return {
    append: async (content: unknown, id: string): Promise<void> => {
      const { trail, history } = await (opened ??= open());
      head = await append(trail, id, withUpdate(content as AuditRecord, history));
    },
    /** Keeps the number and hash of the newest record outside of the database. */
    anchor: async () => (head ? anchor(ctx, head) : undefined),
    end: async () => {
      await opened?.then(({ trail }) => trail.end()).catch(() => undefined);
    },
  };
}

/** Records a message that cannot be read, so that nothing that was sent gets lost. */
export function keepUnreadable(ctx: Context, text: string): void {
  recordsOf(ctx).add({
    at: ctx.clock.now().toISOString(),
    kind: "command",
    stack: ctx.stack,
    actor: ctx.options.actor,
    body: { command: ctx.command, unreadable: redactText(text) },
  });
}

/** The records' address: REPORTING_DATABASE_URL of this shell, else the stack's Secret. */
export async function recordsUrl(ctx: Context): Promise<string> {
  if (process.env.REPORTING_DATABASE_URL) return process.env.REPORTING_DATABASE_URL;
  const { reporting } = ctx.settings;
  if (!reporting) throw new Error("this stack has no `reporting`");
  const value = await ctx.cluster.secret(reporting.secretName, reporting.key);
  if (value === undefined)
    throw new Error(`the Secret \`${reporting.secretName}\` has no key ${reporting.key}`);
  return value;
}

/** Opens the stack's records for `work`, and closes them whatever becomes of it. */
export async function withRecords<T>(ctx: Context, work: (trail: AuditTrail) => Promise<T>): Promise<T> {
  const trail = await openAuditTrail(await recordsUrl(ctx));
  try {
    return await work(trail);
  } finally {
    await trail.end();
  }
}

/** Appends a record. One that the schema will never accept is wrapped, unchanged, in a record that says so. */
async function append(trail: AuditTrail, id: string, record: AuditRecord): Promise<AuditHead> {
  try {
    return await trail.append(id, record);
  } catch (error) {
    // 22 and 23: the database rejects the data itself. Anything else may succeed later.
    if (!/^2[23]/.test((error as { code?: string }).code ?? "")) throw error;
    const body = { refused: messageOf(error), record };
    return trail.append(id, { ...record, kind: "command", body });
  }
}

/** Appends updates in stack history that are not recorded yet, the oldest first, each as an event. */
async function appendUpdates(
  trail: AuditTrail,
  stack: string,
  history: readonly HistoryEntry[],
): Promise<AuditHead | undefined> {
  const known = await trail.updates(stack);
  let head: AuditHead | undefined;
  for (const entry of history.toReversed()) {
    const update = updateName(entry);
    if (known.has(update) || entry.result === "in-progress") continue;
    const { line, note } = readMessage(entry.message);
    head = await append(trail, sameId(`${stack} ${update}`), {
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

/** An incident's record, with the newest update in stack history of the operation that it names. */
function withUpdate(record: AuditRecord, history: readonly HistoryEntry[]): AuditRecord {
  const { incident } = record.body;
  if (incident?.operation === undefined) return record;
  const entry = history.find(
    ({ message, result }) => result !== "in-progress" && readMessage(message).note?.id === incident.operation,
  );
  if (!entry) return record;
  return { ...record, body: { ...record.body, incident: { ...incident, update: updateName(entry) } } };
}

/** How records name an update: its number, or its start time if the backend does not number updates. */
export const updateName = ({ version, startTime }: HistoryEntry): string =>
  version ? String(version) : startTime;

/** Keeps the newest event's number and hash outside of the database, so that a cut tail shows. It only moves forward. */
async function anchor(ctx: Context, head: AuditHead): Promise<void> {
  const path = paths.auditHead(ctx.stack);
  const before = readHead(await ctx.parameters.read(path));
  if (!before || before.number < head.number) await ctx.parameters.put(path, JSON.stringify(head));
}

/** The anchored head; undefined when there is none yet. */
export const readHead = (text: string | undefined): AuditHead | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as AuditHead);
