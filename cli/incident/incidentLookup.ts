import type { z } from "zod";
import {
  furthest,
  incidentStates,
  openIncidentSchema,
  type OpenIncident,
} from "../../decisions/incident/incident";
import { timesOf } from "../../decisions/incident/incidentTimes";
import type { Context } from "../shell/context";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import type { AuditRecord, IncidentEntry } from "../ports/auditTrail";
import { recordsOf, withRecords } from "../audit/recordCommand";
import { openIncidents } from "./incidentLog";

/**
 * The incident that INCIDENT= names, else the newest open one. Open ones are in the parameters, all others in the records.
 * Throws usage (2) if there is none.
 */
export async function incidentAsked(ctx: Context): Promise<OpenIncident> {
  const { incident: asked } = ctx.options;
  const open = await openIncidents(ctx);
  const found = asked === undefined ? open[0] : open.find(({ id }) => id === asked);
  if (found) return found;
  const entries = asked === undefined ? [] : await entriesOf(ctx, asked);
  if (asked !== undefined && entries[0]) return fromEntries(asked, entries[0], entries);
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
  const iso = (text: string) => new Date(text).toISOString();
  const { started, detected } = timesOf(entries);
  const newest = (fact: string, known: z.ZodType<unknown>) =>
    entries.map(({ body }) => known.safeParse(body[fact]).data).findLast((value) => value !== undefined);
  const { version, digest, stabilizedCause } = openIncidentSchema.shape;
  const notified = entries.findLast(({ state, body }) => state === "told" || body.told !== undefined);
  const reached = incidentStates.flatMap((state): [string, string][] => {
    const entry = entries.find((one) => one.state === state);
    return entry ? [[state, iso(entry.at)]] : [];
  });
  return openIncidentSchema.parse({
    id,
    cause: first.cause,
    title: first.title,
    source: first.source,
    state: furthest(entries.map(({ state }) => state)),
    detectedAt: detected?.toISOString() ?? iso(first.at),
    startedAt: started?.toISOString(),
    version: newest("badVersion", version),
    digest: newest("badDigest", digest),
    stabilizedCause: newest("stabilizedCause", stabilizedCause),
    toldAt: notified && iso(notified.at),
    reached: Object.fromEntries(reached),
  });
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
    return await withRecords(ctx, async (trail) => oldestFirst([...(await trail.entries(id)), ...waiting]));
  } catch (error) {
    ctx.output.warn(
      `the records cannot be reached, so only what waits on this machine is shown: ${messageOf(error)}`,
    );
    return oldestFirst(waiting);
  }
}
