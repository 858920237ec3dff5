import type { IncidentState } from "../decisions/incidents";
import { incidentId, incidentMessage } from "../decisions/incidents";
import type { Context } from "./context";
import { exitCodes, messageOf } from "./failure";
import { openReporting, type AuditRecord, type IncidentRecord } from "./ports/reporting";
import { recordsOf, recordsUrl } from "./record";
import { secondsSinceStart } from "./report";
import { tell } from "./tell";

/** What is known when an incident is opened, or goes on. */
export interface Happening {
  cause: string;
  title: string;
  source: IncidentRecord["source"];
  state: IncidentState;
  /** When it began. */
  since: Date;
  /** What was done so far. */
  done: string;
  /** What comes next. */
  next: string;
  /** Facts for the record: figures, versions, steps. */
  facts?: Record<string, unknown>;
  /** Whether people are told. Default yes. */
  tells?: boolean;
}

/** Zone in which people are told times, where a stack says none. */
const defaultZone = "Africa/Cairo";

/** Zone in which this stack's people read times. */
export const zoneOf = ({ settings }: Pick<Context, "settings">): string =>
  settings.changeWindow?.zone ?? defaultZone;

/**
 * Writes what happened into the records and tells people. The record waits on this machine until it is delivered, at the
 * command's end. Returns the incident's id.
 */
export async function report(ctx: Context, happening: Happening): Promise<string> {
  const { cause, title, source, state, since, done, next, facts = {} } = happening;
  const id = incidentId(ctx.stack, cause);
  const incident: IncidentRecord = { id, cause, title, source, state, body: { done, next, ...facts } };
  const record: AuditRecord = {
    at: (state === "opened" ? since : new Date()).toISOString(),
    kind: "incident",
    stack: ctx.stack,
    actor: ctx.options.actor,
    body: { command: ctx.command, incident },
  };
  recordsOf(ctx).add(record);
  if (happening.tells === false) return id;
  const zone = zoneOf(ctx);
  const contact = ctx.settings.comms?.contact;
  const news = {
    id,
    title,
    state,
    stack: ctx.stack,
    since,
    zone,
    done,
    next,
    ...(contact ? { contact } : {}),
  };
  for (const audience of ["on-call", "stakeholders"] as const)
    await tell(ctx, { audience, ...incidentMessage(news) });
  return id;
}

/**
 * The incident of a release that was taken back: by the gate in a deploy (`exitCode` 5), or by a rollback that a person
 * typed. It is opened as of the command's start and mitigated now; people get one message. Never fails.
 */
export async function reportTakenBack(ctx: Context, exitCode: number, error: unknown): Promise<void> {
  const { command, options, report: told, settings } = ctx;
  const byGate = command === "deploy" && exitCode === exitCodes.rolledBack;
  const byHand =
    command === "rollback" && exitCode === exitCodes.done && told.fields.restoredUpdate !== undefined;
  if (!settings.reporting || options.dryRun || !(byGate || byHand)) return;
  try {
    const since = new Date(Date.now() - secondsSinceStart() * 1000);
    const version = options.version ?? "";
    const happening: Happening = {
      cause: `${command}:${version || String(told.fields.restoredUpdate)}:${since.toISOString().slice(0, 16)}`,
      title: byGate
        ? `release ${version} was taken back by itself`
        : `rolled back to ${version || "an earlier update"}`,
      source: "rollback",
      state: "opened",
      since,
      done: byGate
        ? (messageOf(error).split("\n")[0] ?? "")
        : (options.reason ?? "a person took the release back"),
      next: "find the cause, then close this incident with it and an action that prevents it",
      facts: {
        gate: told.fields.gate,
        bake: told.fields.bake,
        target: told.fields.target,
        steps: told.steps.map(({ name, from, to, ok }) => ({ name, from, to, ok })),
      },
      tells: false,
    };
    await report(ctx, happening);
    const id = await report(ctx, { ...happening, state: "mitigated", facts: {}, tells: true });
    told.set("incident", id);
    told.say(`incident ${id} is recorded`);
  } catch (failure) {
    told.warn(`the incident could not be recorded: ${messageOf(failure)}`);
  }
}

/** What the records, and this machine's spool, have of an incident, the oldest first. */
export async function entriesOf(
  ctx: Context,
  id: string,
): Promise<{ title: string; cause: string; at: string; state: string }[]> {
  const waiting = recordsOf(ctx)
    .waiting()
    .flatMap((content) => {
      const { at, body } = content as AuditRecord;
      const { incident } = body;
      return incident?.id === id
        ? [{ title: incident.title, cause: incident.cause, at, state: incident.state }]
        : [];
    });
  try {
    const reporting = await openReporting(await recordsUrl(ctx));
    try {
      return [...(await reporting.entries(id)), ...waiting];
    } finally {
      await reporting.end();
    }
  } catch {
    ctx.report.warn("the records cannot be reached; only what waits on this machine is known");
    return waiting;
  }
}
