import { hash } from "node:crypto";
import { z } from "zod";
import type { Comms } from "./comms";
import { shown } from "../approval/changeWindow";

/** Incidents: how one is named, what may follow what, and how people are notified. */

/** What an incident may be, in the order in which it goes. */
export const incidentStates = ["opened", "stabilized", "mitigated", "resolved", "closed"] as const;
export type IncidentState = (typeof incidentStates)[number];

/** What an entry of an incident may say: a state, that people were told, or that something was noted. */
export type EntryState = IncidentState | "told" | "note";

/** Causes as incidents store them; the same text is the same open incident. */
export const causes = {
  alarms: "release-alarms",
  migration: "migration",
  release: (digest: string) => `release:${digest}`,
  ticket: (ticket: string) => `ticket:${ticket}`,
};

/** What a stored cause is; undefined: one that this version does not know. */
export function causeKind(cause: string): keyof typeof causes | undefined {
  // A cause that comes back reads `<cause> again after <incident>`.
  const [prefix] = cause.split(/[: ]/);
  if (prefix === causes.alarms) return "alarms";
  return (["migration", "release", "ticket"] as const).find((kind) => kind === prefix);
}

/** Whether a migration is to blame: the incident was opened for one, or somebody stabilized it with CAUSE=migration. */
export const causedByMigration = (incident: Pick<OpenIncident, "cause" | "stabilizedCause">): boolean =>
  incident.stabilizedCause === "migration" || causeKind(incident.cause) === "migration";

/** Hash by which open incidents are kept: while one with this cause is open, the same cause is the same incident. */
export const causeKey = (cause: string): string => hash("sha256", cause).slice(0, 16);

/** An incident's reference. A cause that comes back after its incident was closed is another incident. */
export const incidentId = (stack: string, cause: string, detectedAt: Date): string =>
  `INC-${hash("sha256", `${stack} ${cause} ${detectedAt.toISOString()}`).slice(0, 8)}`;

/** The same id for the same thing on whatever machine, as a UUID, so that two commands record it once. */
export function sameId(thing: string): string {
  const hex = hash("sha256", thing);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** An open incident as a parameter holds it: known to every machine, also while the database is what is broken. */
export const openIncidentSchema = z.object({
  id: z.string(),
  cause: z.string(),
  title: z.string(),
  /** What opened it: an alarm, a ticket, or a release that was rolled back. */
  source: z.enum(["alarm", "ticket", "rollback"]),
  /** How far it has got. */
  state: z.enum(incidentStates),
  /** When it was noticed, ISO time. */
  detectedAt: z.iso.datetime(),
  /** When it began, ISO time; absent: nobody has said yet. */
  startedAt: z.iso.datetime().optional(),
  /** Version of the release that it is about. */
  version: z.string().optional(),
  /** Digest of that release. */
  digest: z.string().optional(),
  /** When each state was reached, ISO times. */
  reached: z.partialRecord(z.enum(incidentStates), z.iso.datetime()),
  /** What CAUSE= named when it was stabilized; absent: nothing. */
  stabilizedCause: z.enum(["migration", "release"]).optional(),
  /** When people were told last, ISO time; absent: nobody was. */
  toldAt: z.iso.datetime().optional(),
});
export type OpenIncident = z.infer<typeof openIncidentSchema>;

/** Whether an entry says how far the incident is, rather than that something was seen or people were told. */
export const isState = (state: EntryState): state is IncidentState => state !== "note" && state !== "told";

/** The state after `state` in the order of {@link incidentStates}; undefined after the last. */
export const stateAfter = (state: IncidentState): IncidentState | undefined =>
  incidentStates[incidentStates.indexOf(state) + 1];

/** Whether `to` lies further than `from`: an incident never goes back. */
export const isFurther = (to: IncidentState, from: IncidentState): boolean =>
  incidentStates.indexOf(to) > incidentStates.indexOf(from);

/** The furthest state among entries; `opened` where there is none that is a state. */
export const furthest = (states: readonly string[]): IncidentState =>
  incidentStates.findLast((state) => states.includes(state)) ?? "opened";

/** What must be known before an incident may be closed. */
export const closingSchema = z.object({
  /** Why it happened, not what set it off. */
  rootCause: z.string().min(10, "must say why it happened"),
  /** What will prevent it. */
  action: z.string().min(10, "must say what will prevent it"),
  /** Who sees to that. */
  owner: z.string().min(1, "must name who sees to the action"),
  /** Until when, ISO date. */
  due: z.iso.date("must be a date such as 2026-12-31"),
});

/** What a message about an incident is made of. */
interface IncidentNews {
  id: string;
  title: string;
  state: EntryState;
  stack: string;
  /** When it began, as far as that is known, else when it was noticed. */
  since: Date;
  zone: string;
  /** What was done. */
  done: string;
  /** What comes next. */
  next: string;
  contact?: Comms["contact"] | undefined;
}

/** Heading of a message in a state; `Incident` in any other. */
const headings: Partial<Record<EntryState, string>> = {
  stabilized: "Stabilized",
  mitigated: "Service restored",
  resolved: "Resolved",
  closed: "Closed",
};

/** A message that a person can use: what, since when in the school's time, what was done, what comes next, whom to ask. */
export function incidentMessage(news: IncidentNews): { subject: string; text: string } {
  const { id, title, state, stack, since, zone, done, next, contact } = news;
  const heading = `${headings[state] ?? "Incident"}: ${title}`;
  return {
    subject: `${heading} (${stack}, ${id})`,
    text: [
      heading,
      `Since: ${shown(since, zone)}`,
      `Done: ${done}`,
      `Next: ${next}`,
      ...(contact ? [`Questions: ${contact.en}`] : []),
      `Incident ${id}, stack ${stack}`,
    ].join("\n"),
  };
}
