import { audiences, type Audience } from "../../../decisions/incident/comms";
import { shown } from "../../../decisions/approval/changeWindow";
import { guardianNews } from "../../../decisions/incident/guardianMessages";
import { incidentMessage, type OpenIncident } from "../../../decisions/incident/incident";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { continuing, defaultAudiences, recordIncident, zoneOf } from "../../incident/incidentLog";
import { entriesOf, incidentAsked } from "../../incident/incidentLookup";
import { makeLine } from "../../shell/options";
import { deliverMessages, queueMessage } from "../../incident/notify";

/**
 * C3: notifies people about an incident as it stands: stakeholders and on call, or AUDIENCE=. Guardians get a text of their
 * own in English and Arabic, without internal details. A later command delivers what cannot be delivered now.
 */
export async function run(ctx: Context): Promise<void> {
  const { settings, options, stack } = ctx;
  const { comms } = settings;
  if (!comms)
    throw new Failure(
      exitCodes.usage,
      `Stack ${stack} has no \`comms\`, so nobody can be notified. Nothing was sent.`,
    );
  const incident = await incidentAsked(ctx);
  const notified = readAudiences(options.audience);
  const { done, next } = await newest(ctx, incident);
  const since = new Date(incident.startedAt ?? incident.detectedAt);
  const zone = zoneOf(ctx);
  const { id, title, state } = incident;
  const messages = notified.map((audience) => ({
    audience,
    ...(audience === "guardians"
      ? guardianNews({
          comms,
          since,
          zone,
          isOver: state === "resolved" || state === "closed",
          text: options.text,
          textArabic: options.textArabic,
        })
      : incidentMessage({
          id,
          title,
          state,
          stack,
          since,
          zone,
          done: options.text ?? done,
          next,
          contact: comms.contact,
        })),
  }));
  ctx.output.set("incident", id);
  ctx.output.set("messages", messages);
  if (options.dryRun) {
    ctx.output.print(
      messages
        .map(({ audience, subject, text }) => `Would send to ${audience}:\n${subject}\n\n${text}`)
        .join("\n\n"),
    );
    ctx.output.next(makeLine(stack, "notify", { INCIDENT: id, AUDIENCE: options.audience }));
    return;
  }
  for (const message of messages) queueMessage(ctx, message);
  await recordIncident(ctx, {
    ...continuing(incident),
    state: "told",
    done: `${notified.join(", ")} were notified`,
    next,
    facts: { told: notified, messages },
    // The messages are queued already: this only records them.
    notifies: [],
    wasNotified: true,
  });
  const reached = await deliverMessages(ctx);
  ctx.output.set("reached", reached);
  ctx.output.print(
    reached.length > 0
      ? `Notified ${notified.join(" and ")} about ${id} by ${reached.join(" and ")}, at ${shown(ctx.clock.now(), zone)}.`
      : `The messages about ${id} wait on this machine; the next command sends them.`,
  );
  ctx.output.next(makeLine(stack, "playbook", { INCIDENT: id }));
}

function readAudiences(text: string | undefined): Audience[] {
  if (text === undefined) return [...defaultAudiences];
  const given = text.split(",").map((one) => one.trim());
  const unknown = given.filter((one) => !(audiences as readonly string[]).includes(one));
  if (unknown.length > 0)
    throw new Failure(
      exitCodes.usage,
      `AUDIENCE is \`${text}\`; allowed are ${audiences.join(", ")}, separated by commas. Nothing was sent.`,
    );
  return given as Audience[];
}

/** What was done last and what comes next, from the newest entry that is not about a notification. */
async function newest(ctx: Context, incident: OpenIncident): Promise<{ done: string; next: string }> {
  const entries = await entriesOf(ctx, incident.id);
  const said = entries.filter(({ state }) => state !== "told").at(-1)?.body;
  return {
    done: typeof said?.done === "string" ? said.done : "it is looked into",
    next: typeof said?.next === "string" ? said.next : "we tell when we know more",
  };
}
