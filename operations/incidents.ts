import type { IncidentState } from "../decisions/incidents";
import { incidentId, incidentMessage } from "../decisions/incidents";
import type { Context } from "./context";
import { openReporting, type AuditRecord, type IncidentRecord } from "./ports/reporting";
import { recordsOf, recordsUrl } from "./record";
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
