import { createHash } from "node:crypto";
import { z } from "zod";
import type { Comms } from "./comms";
import { shown } from "./changeWindow";

/** Incidents: how one is named, what may follow what, and what people are told. */

/** What an incident may be, in the order in which it goes. */
export const incidentStates = ["opened", "stabilized", "mitigated", "resolved", "closed"] as const;
export type IncidentState = (typeof incidentStates)[number];

/** The same cause on the same stack is the same incident, on whatever machine it is seen. */
export const incidentId = (stack: string, cause: string): string =>
  `INC-${createHash("sha256").update(`${stack} ${cause}`).digest("hex").slice(0, 8)}`;

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
export interface IncidentNews {
  id: string;
  title: string;
  state: IncidentState;
  stack: string;
  /** When it began. */
  since: Date;
  zone: string;
  /** What was done. */
  done: string;
  /** What comes next. */
  next: string;
  contact?: Comms["contact"];
}

const headings: Record<IncidentState, string> = {
  opened: "Incident",
  stabilized: "Stabilized",
  mitigated: "Service restored",
  resolved: "Resolved",
  closed: "Closed",
};

/** A message that a person can use: what, since when in the school's time, what was done, what comes next, whom to ask. */
export function incidentMessage(news: IncidentNews): { subject: string; text: string } {
  const { id, title, state, stack, since, zone, done, next, contact } = news;
  return {
    subject: `${headings[state]}: ${title} (${stack}, ${id})`,
    text: [
      `${headings[state]}: ${title}`,
      `Since: ${shown(since, zone)}`,
      `Done: ${done}`,
      `Next: ${next}`,
      ...(contact ? [`Questions: ${contact.en}`] : []),
      `Incident ${id}, stack ${stack}`,
    ].join("\n"),
  };
}
