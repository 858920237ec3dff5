import {
  causeKey,
  incidentId,
  incidentMessage,
  isFurther,
  isState,
  openIncidentSchema,
  sameId,
  type EntryState,
  type IncidentSource,
  type OpenIncident,
} from "../../decisions/incident/incident";
import type { Audience } from "../../decisions/incident/comms";
import { parameterRoot, parameters as paths } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import type { AuditRecord, IncidentRecord } from "../ports/auditTrail";
import { recordsOf } from "../audit/recordCommand";
import { queueMessage } from "./notify";

/** What is known when an incident is opened, or goes on. */
export interface IncidentUpdate {
  /** What it is about; while an incident with this cause is open, it is the same one. */
  cause: string;
  title: string;
  source: IncidentSource;
  state: EntryState;
  /** When this happened. Default: now. */
  at?: Date;
  /** When the incident began, as far as that is known. */
  startedAt?: Date;
  /** When it was noticed. Default: `at`. */
  detectedAt?: Date;
  /** What CAUSE= named while it was stabilized. */
  stabilizedCause?: OpenIncident["stabilizedCause"];
  /** Version and digest of the release that it is about. */
  version?: string;
  digest?: string;
  /** What was done so far. */
  done: string;
  /** What comes next. */
  next: string;
  /** Facts for the record: figures, versions, steps. */
  facts?: Record<string, unknown>;
  /** Operation (lease id) whose newest update the record is about. */
  operation?: string;
  /** Who is told. Default: on call and stakeholders; `[]`: nobody. */
  tells?: readonly Audience[];
  /** Whether people were told already, by other words than these. Default no. */
  wasTold?: boolean;
  /** Id of the record, where the same thing may be seen twice. Default: one of the incident and its state. */
  recordId?: string;
}

/** Who is told of an incident unless somebody says otherwise. */
export const usuallyTold = ["on-call", "stakeholders"] as const satisfies Audience[];

/** Zone in which people are told times, where a stack says none. */
const defaultZone = "Africa/Cairo";

/** Zone in which this stack's people read times. */
export const zoneOf = ({ settings }: Pick<Context, "settings">): string =>
  settings.changeWindow?.zone ?? defaultZone;

/**
 * Writes what happened into the records and puts the messages on their way; both wait on this machine until they are
 * delivered, at the latest by the next command. Opening an incident whose cause has an open one adds to that.
 * @returns the incident's reference, and its cause: by that it is gone on with
 */
export async function recordIncident(
  ctx: Context,
  happening: IncidentUpdate,
): Promise<{ id: string; cause: string; isNew: boolean }> {
  const at = happening.at ?? new Date();
  const { incident, isNew } = await place(ctx, happening, at);
  const state = happening.state === "opened" && !isNew ? "note" : happening.state;
  const { title, source, cause, done, next, facts = {}, operation } = happening;
  const tells = audiencesOf(happening, state);
  const startedAt = happening.startedAt?.toISOString() ?? incident.startedAt;
  const record: IncidentRecord = {
    id: incident.id,
    cause: incident.cause,
    title: incident.title,
    source: incident.source,
    state,
    operation,
    body: {
      done,
      next,
      detectedAt: incident.detectedAt,
      startedAt,
      ...(tells.length > 0 ? { told: tells } : {}),
      ...(state === "note" ? { saw: { title, source, cause } } : {}),
      ...facts,
    },
  };
  const whole: AuditRecord = {
    at: at.toISOString(),
    kind: "incident",
    stack: ctx.stack,
    actor: ctx.options.actor,
    body: { command: ctx.command, incident: record },
  };
  recordsOf(ctx).add(
    whole,
    happening.recordId ?? (isState(state) ? sameId(`${incident.id} ${state}`) : undefined),
  );
  if (tells.length > 0) {
    const contact = ctx.settings.comms?.contact;
    const news = {
      id: incident.id,
      title: incident.title,
      state,
      stack: ctx.stack,
      since: new Date(startedAt ?? incident.detectedAt),
      zone: zoneOf(ctx),
      done,
      next,
      contact,
    };
    const { recordId } = happening;
    for (const audience of tells)
      queueMessage(
        ctx,
        { audience, ...incidentMessage(news) },
        undefined,
        recordId && sameId(`${recordId} ${audience}`),
      );
  }
  return { id: incident.id, cause: incident.cause, isNew };
}

/** Finds or makes the open incident of a cause, and keeps how far it has got. A store that is away only costs the sameness. */
async function place(
  ctx: Context,
  happening: IncidentUpdate,
  at: Date,
): Promise<{ incident: OpenIncident; isNew: boolean }> {
  const { cause, title, source, state, version, digest } = happening;
  const detectedAt = happening.detectedAt ?? at;
  const made: OpenIncident = {
    id: incidentId(ctx.stack, cause, detectedAt),
    cause,
    title,
    source,
    state: "opened",
    detectedAt: detectedAt.toISOString(),
    version,
    digest,
    reached: {},
  };
  const pathOf = (one: string) => paths.incident(ctx.stack, causeKey(one));
  try {
    if (state === "opened") {
      const { incident, isNew } = await claim(ctx, moved(made, happening, at));
      if (isNew) return { incident, isNew };
      const noted = moved(incident, { ...happening, state: "note" }, at);
      await ctx.parameters.put(pathOf(incident.cause), JSON.stringify(noted));
      return { incident: noted, isNew };
    }
    const after = moved(readOpen(await ctx.parameters.read(pathOf(cause))) ?? made, happening, at);
    if (after.state === "closed") await ctx.parameters.remove(pathOf(cause));
    else await ctx.parameters.put(pathOf(cause), JSON.stringify(after));
    return { incident: after, isNew: false };
  } catch (error) {
    ctx.output.warn(`the incident could not be looked up, so it may be recorded twice: ${messageOf(error)}`);
    return { incident: moved(made, happening, at), isNew: state === "opened" };
  }
}

/** Who is told of a happening: of what is only noted nobody, unless somebody says so. */
const audiencesOf = ({ tells }: IncidentUpdate, state: EntryState): readonly Audience[] =>
  tells ?? (state === "note" ? [] : usuallyTold);

/** Times that one cause may come back before its incidents are closed. */
const mostAgain = 20;

/** The open incident with this cause, or this one. What comes back after it was resolved is another incident. */
async function claim(
  { parameters, stack }: Context,
  wanted: OpenIncident,
): Promise<{ incident: OpenIncident; isNew: boolean }> {
  let incident = wanted;
  for (let again = 0; again < mostAgain; again++) {
    const path = paths.incident(stack, causeKey(incident.cause));
    if (await parameters.create(path, JSON.stringify(incident))) return { incident, isNew: true };
    const before = readOpen(await parameters.read(path));
    if (before && !isFurther(before.state, "mitigated")) return { incident: before, isNew: false };
    // Closed in between: its place is free now.
    if (before) {
      const cause = `${wanted.cause} again after ${before.id}`;
      incident = { ...wanted, cause, id: incidentId(stack, cause, new Date(wanted.detectedAt)) };
    }
  }
  throw new Error(`${mostAgain} incidents with this cause are open`);
}

/** The incident after something happened. */
function moved(before: OpenIncident, happening: IncidentUpdate, at: Date): OpenIncident {
  const { state, startedAt, stabilizedCause = before.stabilizedCause, wasTold = false } = happening;
  const isTold = wasTold || audiencesOf(happening, state).length > 0;
  return {
    ...before,
    ...(stabilizedCause ? { stabilizedCause } : {}),
    ...(startedAt ? { startedAt: startedAt.toISOString() } : {}),
    ...(isState(state)
      ? {
          state: isFurther(state, before.state) ? state : before.state,
          reached: { ...before.reached, [state]: before.reached[state] ?? at.toISOString() },
        }
      : {}),
    ...(isTold ? { toldAt: new Date().toISOString() } : {}),
  };
}

function readOpen(text: string | undefined): OpenIncident | undefined {
  if (text === undefined) return undefined;
  try {
    return openIncidentSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Incidents of the stack that are open, the newest first. */
export async function openIncidents(ctx: Pick<Context, "parameters" | "stack">): Promise<OpenIncident[]> {
  const found = await ctx.parameters.readAll(`${parameterRoot(ctx.stack)}audit/incident/`);
  return [...found.values()]
    .flatMap((text) => readOpen(text) ?? [])
    .sort((one, two) => two.detectedAt.localeCompare(one.detectedAt));
}
