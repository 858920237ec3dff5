import {
  causeKey,
  incidentId,
  incidentMessage,
  isFurther,
  isState,
  openIncidentSchema,
  sameId,
  type EntryState,
  type OpenIncident,
} from "../../decisions/incident/incident";
import type { Audience } from "../../decisions/incident/comms";
import { parameterRoot, parameters as paths } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { messageOf } from "../shell/failure";
import { makeLine } from "../shell/options";
import type { AuditRecord, IncidentRecord } from "../ports/auditTrail";
import { recordsOf } from "../audit/recordCommand";
import { queueMessage } from "./notify";

/** What is known when an incident is opened or moves on. */
export interface IncidentUpdate {
  /** What it is about. There is at most one open incident for each cause. */
  cause: string;
  title: string;
  source: OpenIncident["source"];
  /** The incident that it continues, for one that the parameters may not hold any more: see {@link continuing}. */
  incident?: OpenIncident | undefined;
  state: EntryState;
  /** When this happened. Default: now. */
  at?: Date | undefined;
  /** When the incident began, as far as that is known. */
  startedAt?: Date | undefined;
  /** When it was noticed. Default: `at`. */
  detectedAt?: Date;
  /** What CAUSE= named while it was stabilized. */
  stabilizedCause?: OpenIncident["stabilizedCause"];
  /** Version and digest of the release that it is about. */
  version?: string | undefined;
  digest?: string;
  /** What was done so far. */
  done: string;
  /** What comes next. */
  next: string;
  /** Facts for the record: figures, versions, steps. */
  facts?: Record<string, unknown>;
  /** Operation (lease id) whose newest update the record is about. */
  operation?: string | undefined;
  /** Who is notified. Default: on call and stakeholders, of a mere note nobody; `[]`: nobody. */
  notifies?: readonly Audience[];
  /** Whether people were already notified in other words. Default: no. */
  wasNotified?: boolean;
  /** Id of the record, for what may be seen twice. Default: made from the incident and its state. */
  recordId?: string;
}

/** What an update has that continues an incident. */
export const continuing = (incident: OpenIncident) => ({
  incident,
  cause: incident.cause,
  title: incident.title,
  source: incident.source,
});

/** The command that closes an incident, with what a person must fill in. */
export const closingLine = ({ stack }: Context, incident: string, reason = "<what was done>"): string =>
  makeLine(stack, "incident", {
    INCIDENT: incident,
    STATE: "closed",
    REASON: reason,
    ROOT_CAUSE: "<why>",
    ACTION: "<what prevents it>",
    OWNER: "<who>",
    DUE: "<date>",
  });

/** Who is notified about an incident by default. */
export const defaultAudiences = ["on-call", "stakeholders"] as const satisfies Audience[];

/** Time zone of messages for a stack whose config sets none. */
const defaultZone = "Africa/Cairo";

/** Time zone of messages about this stack. */
export const zoneOf = ({ settings }: Pick<Context, "settings">): string =>
  settings.changeWindow?.zone ?? defaultZone;

/**
 * Records an update of an incident and queues its messages. Both wait on this machine until this command or a later one
 * delivers them. An update that opens an incident adds to the open one with the same cause instead, if there is one.
 * @returns the incident's id, and the cause to give with its next update
 */
export async function recordIncident(
  ctx: Context,
  update: IncidentUpdate,
): Promise<{ id: string; cause: string; isNew: boolean }> {
  const at = update.at ?? ctx.clock.now();
  const { incident, isNew } = await findOrOpen(ctx, update, at);
  const state = update.state === "opened" && !isNew ? "note" : update.state;
  const { title, source, cause, done, next, facts = {}, operation, recordId } = update;
  const audiences = audiencesOf(update, state);
  const startedAt = update.startedAt?.toISOString() ?? incident.startedAt;
  const { id, detectedAt, stabilizedCause } = incident;
  const record: IncidentRecord = {
    id,
    cause: incident.cause,
    title: incident.title,
    source: incident.source,
    state,
    operation,
    body: {
      done,
      next,
      detectedAt,
      startedAt,
      stabilizedCause,
      ...(audiences.length > 0 ? { told: audiences } : {}),
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
  recordsOf(ctx).add(whole, recordId ?? (isState(state) ? sameId(`${id} ${state}`) : undefined));
  const message = incidentMessage({
    ...record,
    state,
    stack: ctx.stack,
    since: new Date(startedAt ?? detectedAt),
    zone: zoneOf(ctx),
    done,
    next,
    contact: ctx.settings.comms?.contact,
  });
  for (const audience of audiences)
    queueMessage(ctx, { audience, ...message }, undefined, recordId && sameId(`${recordId} ${audience}`));
  return { id, cause: incident.cause, isNew };
}

/** Finds or makes the open incident of a cause, and stores its state. If the store is unreachable, it may be recorded twice. */
async function findOrOpen(
  ctx: Context,
  update: IncidentUpdate,
  at: Date,
): Promise<{ incident: OpenIncident; isNew: boolean }> {
  const { cause, title, source, state, version, digest, detectedAt = at } = update;
  const now = ctx.clock.now();
  const made: OpenIncident = update.incident ?? {
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
      const { incident, isNew } = await claim(ctx, updated(made, update, at, now));
      if (isNew) return { incident, isNew };
      const noted = updated(incident, { ...update, state: "note" }, at, now);
      await ctx.parameters.put(pathOf(incident.cause), JSON.stringify(noted));
      return { incident: noted, isNew };
    }
    const after = updated(readOpen(await ctx.parameters.read(pathOf(cause))) ?? made, update, at, now);
    if (after.state === "closed") await ctx.parameters.remove(pathOf(cause));
    else await ctx.parameters.put(pathOf(cause), JSON.stringify(after));
    return { incident: after, isNew: false };
  } catch (error) {
    ctx.output.warn(`the incident could not be looked up, so it may be recorded twice: ${messageOf(error)}`);
    return { incident: updated(made, update, at, now), isNew: state === "opened" };
  }
}

/** Who is notified about an update. */
const audiencesOf = ({ notifies }: IncidentUpdate, state: EntryState): readonly Audience[] =>
  notifies ?? (state === "note" ? [] : defaultAudiences);

/** How often one cause may recur before its incidents are closed. */
const mostRecurrences = 20;

/** The open incident with this cause, else `wanted`. A cause that recurs after it was resolved is another incident. */
async function claim(
  { parameters, stack }: Context,
  wanted: OpenIncident,
): Promise<{ incident: OpenIncident; isNew: boolean }> {
  let incident = wanted;
  for (let again = 0; again < mostRecurrences; again++) {
    const path = paths.incident(stack, causeKey(incident.cause));
    if (await parameters.create(path, JSON.stringify(incident))) return { incident, isNew: true };
    const before = readOpen(await parameters.read(path));
    if (before && !isFurther(before.state, "mitigated")) return { incident: before, isNew: false };
    // Without one it was closed in between, and its path is free now.
    if (before) {
      const cause = `${wanted.cause} again after ${before.id}`;
      incident = { ...wanted, cause, id: incidentId(stack, cause, new Date(wanted.detectedAt)) };
    }
  }
  throw new Error(`${mostRecurrences} incidents with this cause are open`);
}

/** The incident after an update. */
function updated(before: OpenIncident, update: IncidentUpdate, at: Date, now: Date): OpenIncident {
  const { state, startedAt, stabilizedCause = before.stabilizedCause, wasNotified = false } = update;
  const isNotified = wasNotified || audiencesOf(update, state).length > 0;
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
    ...(isNotified ? { toldAt: now.toISOString() } : {}),
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

/** The stack's open incidents, the newest first. */
export async function openIncidents(ctx: Pick<Context, "parameters" | "stack">): Promise<OpenIncident[]> {
  const found = await ctx.parameters.readAll(`${parameterRoot(ctx.stack)}audit/incident/`);
  return [...found.values()]
    .flatMap((text) => readOpen(text) ?? [])
    .sort((one, two) => two.detectedAt.localeCompare(one.detectedAt));
}
