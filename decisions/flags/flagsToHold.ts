import type { Settings } from "../stack/config";

/** What an incident's flags are held by, and which flags those are. */

/** Flags that an incident switches off: those that were named, else every one of high risk that is not held yet. */
export interface FlagsToHold {
  /** The holds as they are to be, those that were there included. */
  heldFlags: Settings["heldFlags"];
  /** Names that are held now and were not before, sorted. */
  added: string[];
  /** Names that were asked for and that no flag has. */
  unknown: string[];
}

/** Decides which flags an incident holds. A hold that is there already keeps its own reason. */
export function flagsToHold(
  flags: Settings["flags"],
  held: Settings["heldFlags"],
  incident: { id: string; title: string },
  named: readonly string[] | undefined,
): FlagsToHold {
  const risky = Object.entries(flags).flatMap(([name, { risk }]) => (risk === "high" ? [name] : []));
  const wanted = [...new Set(named ?? risky)];
  const unknown = wanted.filter((name) => !flags[name]);
  const added = wanted.filter((name) => flags[name] && !held[name]).sort();
  const reason = incident.title;
  const holds = added.map((name) => [name, { reason, incident: incident.id }] as const);
  return { heldFlags: { ...held, ...Object.fromEntries(holds) }, added, unknown };
}
