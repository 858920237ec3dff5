import { readTime, shown } from "../../../decisions/approval/changeWindow";
import {
  causes,
  closingSchema,
  incidentStates,
  isFurther,
  stateAfter,
  type OpenIncident,
} from "../../../decisions/incident/incident";
import { orderIssues, timesOf } from "../../../decisions/incident/incidentTimes";
import { readAlarmQueue } from "../../incident/alarmQueue";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { closingLine, continuing, openIncidents, recordIncident, zoneOf } from "../../incident/incidentLog";
import { entriesOf, incidentAsked } from "../../incident/incidentLookup";
import { makeLine } from "../../shell/options";

/**
 * Opens an incident for a ticket, moves one to its next state, or lists the open ones. Reads the alarms' queue first.
 * While a ticket's incident is open, the same ticket adds to it.
 */
export async function run(ctx: Context): Promise<void> {
  if (!ctx.settings.reporting)
    throw new Failure(exitCodes.usage, `Stack ${ctx.stack} has no \`reporting\`, so it keeps no incidents.`);
  const { incident, title, ticket, source } = ctx.options;
  await readAlarmQueue(ctx);
  if (incident !== undefined) return goOn(ctx, await incidentAsked(ctx));
  if (title === undefined && ticket === undefined && source !== "ticket") return list(ctx);
  return open(ctx);
}

/** Lists the open incidents; having none is not an error. */
async function list(ctx: Context): Promise<void> {
  const open = await openIncidents(ctx);
  ctx.output.set("incidents", open);
  ctx.output.print(
    open
      .map(
        ({ id, state, detectedAt, title }) =>
          `${id}  ${state.padEnd(10)}  ${shown(new Date(detectedAt), zoneOf(ctx))}  ${title}`,
      )
      .join("\n") || `No incident of stack ${ctx.stack} is open.`,
  );
  ctx.output.next(makeLine(ctx.stack, "playbook", open[0] ? { INCIDENT: open[0].id } : {}));
}

/** When the incident began, from AT=; in the school's time zone unless AT names another. */
function typedStart(ctx: Context): Date | undefined {
  if (ctx.options.at === undefined) return undefined;
  const read = readTime(ctx.options.at, zoneOf(ctx));
  if (!read.ok) throw new Failure(exitCodes.usage, `AT: ${read.reason}. Nothing was recorded.`);
  if (read.at > ctx.clock.now())
    throw new Failure(
      exitCodes.usage,
      `AT is ${shown(read.at, zoneOf(ctx))}, which is in the future: an incident begins before it is recorded. Nothing was recorded.`,
    );
  return read.at;
}

async function open(ctx: Context): Promise<void> {
  const { title, ticket, dryRun } = ctx.options;
  if (title === undefined || ticket === undefined)
    throw new Failure(
      exitCodes.usage,
      "Name TITLE= and TICKET= to open an incident, or INCIDENT= and STATE= to move one on. Nothing was recorded.",
      { next: makeLine(ctx.stack, "incident", { TICKET: "<id>", TITLE: "<what people notice>" }) },
    );
  const startedAt = typedStart(ctx);
  const zone = zoneOf(ctx);
  if (dryRun) {
    ctx.output.print(`Would open an incident for ticket ${ticket}: ${title}.`);
    return;
  }
  const { id, isNew } = await recordIncident(ctx, {
    cause: causes.ticket(ticket),
    title,
    source: "ticket",
    state: "opened",
    startedAt,
    done: "on call was told",
    next: "we look into it and tell when we know more",
    facts: { ticket },
  });
  ctx.output.set("incident", id);
  ctx.output.set("isNew", isNew);
  const known = isNew ? undefined : (await openIncidents(ctx)).find((one) => one.id === id);
  const since = shown(known ? new Date(known.detectedAt) : ctx.clock.now(), zone);
  ctx.output.print(
    isNew
      ? `${id} is open since ${since}: ${title}.`
      : `${id} is open since ${since}: ${known?.title ?? title}. This was noted; nobody was notified again.`,
  );
  ctx.output.next(makeLine(ctx.stack, "playbook", { INCIDENT: id }));
}

async function goOn(ctx: Context, incident: OpenIncident): Promise<void> {
  const { state: asked, reason, rootCause, action, owner, due, dryRun } = ctx.options;
  const { id } = incident;
  const startedAt = typedStart(ctx);
  if (asked === undefined && startedAt && !dryRun) {
    await refuseDisorder(ctx, id, startedAt);
    const done = reason ?? `it began at ${shown(startedAt, zoneOf(ctx))}`;
    await recordIncident(ctx, { ...continuing(incident), state: "note", startedAt, done, next: "as before" });
    ctx.output.print(`${id} began at ${shown(startedAt, zoneOf(ctx))}.`);
    ctx.output.next(makeLine(ctx.stack, "playbook", { INCIDENT: id }));
    return;
  }
  const state = incidentStates.find((one) => one === asked);
  if (!state || state === "opened" || reason === undefined)
    throw new Failure(
      exitCodes.usage,
      `STATE is ${asked ?? "missing"}; allowed are ${incidentStates.slice(1).join(", ")}, with REASON=<what was done>. Nothing was recorded.`,
    );
  if (!isFurther(state, incident.state))
    throw new Failure(exitCodes.refused, `${id} is ${incident.state} already. Nothing was recorded.`);
  const closing = state === "closed" ? closingSchema.safeParse({ rootCause, action, owner, due }) : undefined;
  if (closing && !closing.success)
    throw new Failure(
      exitCodes.refused,
      [
        `${id} cannot be closed without its root cause and an action that prevents it; nothing was recorded:`,
        ...closing.error.issues.map((issue) => `  - ${issue.path.join(".")}: ${issue.message}`),
      ].join("\n"),
      { next: closingLine(ctx, id, reason) },
    );
  await refuseDisorder(ctx, id, startedAt);
  if (dryRun) {
    ctx.output.print(`Would record that ${id} is ${state}.`);
    return;
  }
  const following = stateAfter(state);
  await recordIncident(ctx, {
    ...continuing(incident),
    state,
    startedAt,
    done: reason,
    next: following
      ? `until it is ${following} we go on telling`
      : "nothing; the action that prevents it is under way",
    ...(closing?.success ? { facts: closing.data } : {}),
  });
  ctx.output.set("incident", id);
  ctx.output.print(`${id} is ${state}.`);
  ctx.output.next(makeLine(ctx.stack, following ? "playbook" : "postmortem", { INCIDENT: id }));
}

/** Refuses (4) a beginning that is later than recorded times, naming each pair: every duration would be wrong. */
async function refuseDisorder(ctx: Context, id: string, startedAt: Date | undefined): Promise<void> {
  if (!startedAt) return;
  const issues = orderIssues({ ...timesOf(await entriesOf(ctx, id)), started: startedAt });
  if (issues.length > 0)
    throw new Failure(
      exitCodes.refused,
      `AT does not fit the records of ${id}: ${issues.join("; ")}. Nothing was recorded.`,
    );
}
