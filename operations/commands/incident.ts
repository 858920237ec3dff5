import { shown } from "../../decisions/changeWindow";
import { closingSchema, incidentId, incidentStates, type IncidentState } from "../../decisions/incidents";
import type { Context } from "../context";
import { exitCodes, Failure } from "../failure";
import { entriesOf, report, zoneOf } from "../incidents";
import { makeLine } from "../options";

/** Opens an incident for a ticket, or takes one a state further; the same ticket again is the same incident. */
export async function run(ctx: Context): Promise<void> {
  if (!ctx.settings.reporting)
    throw new Failure(exitCodes.usage, `Stack ${ctx.stack} has no \`reporting\`, so it keeps no incidents.`);
  return ctx.options.incident === undefined ? open(ctx) : goOn(ctx, ctx.options.incident);
}

async function open(ctx: Context): Promise<void> {
  const { title, ticket, dryRun } = ctx.options;
  if (title === undefined || ticket === undefined)
    throw new Failure(
      exitCodes.usage,
      "Name TITLE= and TICKET= to open an incident, or INCIDENT= and STATE= to take one further. Nothing was recorded.",
      { next: makeLine(ctx.stack, "incident", { TICKET: "<id>", TITLE: "<what people notice>" }) },
    );
  const cause = `ticket:${ticket}`;
  const id = incidentId(ctx.stack, cause);
  ctx.report.set("incident", id);
  const before = (await entriesOf(ctx, id))[0];
  const zone = zoneOf(ctx);
  if (before) {
    ctx.report.print(
      `${id} is open since ${shown(new Date(before.at), zone)}: ${before.title}. Nobody was told again.`,
    );
  } else if (dryRun) {
    ctx.report.print(`Would open ${id}: ${title}.`);
  } else {
    const since = new Date();
    const next = "we look into it and tell when we know more";
    await report(ctx, {
      cause,
      title,
      source: "ticket",
      state: "opened",
      since,
      done: "on call was told",
      next,
    });
    ctx.report.print(`${id} is open since ${shown(since, zone)}: ${title}.`);
  }
  ctx.report.next(
    makeLine(ctx.stack, "incident", { INCIDENT: id, STATE: "mitigated", REASON: "<what was done>" }),
  );
}

async function goOn(ctx: Context, id: string): Promise<void> {
  const { state: asked, reason, rootCause, action, owner, due, dryRun } = ctx.options;
  const state = incidentStates.find((one) => one === asked);
  if (!state || state === "opened" || reason === undefined)
    throw new Failure(
      exitCodes.usage,
      `STATE is ${asked ?? "missing"}; allowed are ${incidentStates.slice(1).join(", ")}, with REASON=<what was done>. Nothing was recorded.`,
    );
  const entries = await entriesOf(ctx, id);
  const first = entries[0];
  if (!first)
    throw new Failure(
      exitCodes.usage,
      `There is no incident \`${id}\` in the records of stack ${ctx.stack}.`,
    );
  const reached = incidentStates.indexOf((entries.at(-1)?.state ?? "opened") as IncidentState);
  if (incidentStates.indexOf(state) <= reached)
    throw new Failure(
      exitCodes.refused,
      `${id} is ${incidentStates[reached]} already. Nothing was recorded.`,
    );
  const closing = state === "closed" ? closingSchema.safeParse({ rootCause, action, owner, due }) : undefined;
  if (closing && !closing.success)
    throw new Failure(
      exitCodes.refused,
      [
        `${id} cannot be closed without its root cause and an action that prevents it; nothing was recorded:`,
        ...closing.error.issues.map((issue) => `  - ${issue.path.join(".")}: ${issue.message}`),
      ].join("\n"),
      {
        next: makeLine(ctx.stack, "incident", {
          INCIDENT: id,
          STATE: "closed",
          REASON: reason,
          ROOT_CAUSE: "<why>",
          ACTION: "<what prevents it>",
          OWNER: "<who>",
          DUE: "<date>",
        }),
      },
    );
  if (dryRun) {
    ctx.report.print(`Would record that ${id} is ${state}.`);
    return;
  }
  const following = incidentStates[incidentStates.indexOf(state) + 1];
  await report(ctx, {
    cause: first.cause,
    title: first.title,
    source: "ticket",
    state,
    since: new Date(first.at),
    done: reason,
    next: following
      ? `until it is ${following} we go on telling`
      : "nothing; the action that prevents it is under way",
    ...(closing?.success ? { facts: closing.data } : {}),
  });
  ctx.report.set("incident", id);
  ctx.report.print(`${id} is ${state}.`);
  if (following)
    ctx.report.next(
      makeLine(ctx.stack, "incident", { INCIDENT: id, STATE: following, REASON: "<what was done>" }),
    );
}
