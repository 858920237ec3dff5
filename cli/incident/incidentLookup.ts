import { DateTime } from "luxon";
import {
  furthest,
  incidentStates,
  type IncidentState,
  type OpenIncident,
} from "../../decisions/incident/incident";
import type { Context } from "../shell/context";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import { openAuditTrail, type AuditRecord, type IncidentEntry } from "../ports/auditTrail";
import { recordsOf, recordsUrl } from "../audit/recordCommand";
import { openIncidents } from "./incidentLog";

/** Finds incidents: open ones in the parameters, all others in the records. */

/** The incident that INCIDENT= names, else the newest open one. Throws usage (2) if there is none. */
export async function incidentAsked(ctx: Context): Promise<OpenIncident> {
  const { incident: asked } = ctx.options;
  const open = await openIncidents(ctx);
  const found = asked === undefined ? open[0] : open.find(({ id }) => id === asked);
  if (found) return found;
  const entries = asked === undefined ? [] : await entriesOf(ctx, asked);
  const [first] = entries;
  if (asked !== undefined && first) return fromEntries(asked, first, entries);
  const known = open.map(({ id, title }) => `${id} (${title})`).join(", ") || "none";
  throw new Failure(
    exitCodes.usage,
    asked === undefined
      ? `No incident of stack ${ctx.stack} is open, and INCIDENT is not given.`
      : `There is no incident \`${asked}\` on stack ${ctx.stack}. Open ones: ${known}.`,
  );
}

/** An incident from the records: one that is closed, or was opened while the parameters could not be written. */
function fromEntries(id: string, first: IncidentEntry, entries: readonly IncidentEntry[]): OpenIncident {
  const facts = first.body as { detectedAt?: string; startedAt?: string } | null;
  const iso = (text: string) => DateTime.fromISO(text).toUTC().toISO() ?? text;
  const states = entries.flatMap(({ state, at }) =>
    incidentStates.includes(state as IncidentState) ? [[state, iso(at)] as const] : [],
  );
  return {
    id,
    cause: first.cause,
    title: first.title,
    source: first.source,
    state: furthest(entries.map(({ state }) => state)),
    detectedAt: iso(facts?.detectedAt ?? first.at),
    ...(facts?.startedAt === undefined ? {} : { startedAt: iso(facts.startedAt) }),
    reached: Object.fromEntries(states.toReversed()),
  };
}

/** The entries of an incident in the records and in this machine's spool, the oldest first. */
export async function entriesOf(ctx: Context, id: string): Promise<IncidentEntry[]> {
  const waiting = recordsOf(ctx)
    .waiting()
    .flatMap((content): IncidentEntry[] => {
      const { at, actor, body } = content as AuditRecord;
      const { incident } = body;
      return incident?.id === id ? [{ ...incident, at, actor, body: incident.body ?? {} }] : [];
    });
  const oldestFirst = (entries: IncidentEntry[]) =>
    entries.sort((one, two) => Date.parse(one.at) - Date.parse(two.at));
  try {
    const trail = await openAuditTrail(await recordsUrl(ctx));
    try {
      return oldestFirst([...(await trail.entries(id)), ...waiting]);
    } finally {
      await trail.end();
    }
  } catch (error) {
    ctx.output.warn(
      `the records cannot be reached, so only what waits on this machine is shown: ${messageOf(error)}`,
    );
    return oldestFirst(waiting);
  }
}
