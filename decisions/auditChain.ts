import { createHash } from "node:crypto";

/** Whether an audit trail is whole: each event carries the hash of the one before it, and the newest is known outside. */

/** One event as the database has it; the texts are those that were hashed. */
export interface AuditEvent {
  number: number;
  id: string;
  /** UTC with microseconds, as `reporting.utc` writes it. */
  at: string;
  kind: string;
  stack: string;
  actor: string;
  /** JSON text. */
  body: string;
  previous: string;
  hash: string;
}

/** The newest event that a command knows of, kept outside of the database. */
export interface AuditHead {
  number: number;
  hash: string;
}

/** What is wrong with an event, or with the end of the trail. */
export interface AuditFault {
  kind: "changed" | "missing" | "inserted" | "reordered" | "cut";
  /** Number of the event as it is found, or that is missing. */
  number: number;
  text: string;
}

/** The hash that `reporting.append` gave an event, if its number was `number`. */
export function eventHash(event: AuditEvent, number = event.number): string {
  const { id, at, kind, stack, actor, body, previous } = event;
  const whole = createHash("sha256");
  for (const part of [String(number), id, at, kind, stack, actor, body, previous])
    whole.update(`${Buffer.byteLength(part)}:${part}`);
  return whole.digest("hex");
}

/** Missing events that are named one by one; a longer gap is one fault, or one absurd number would fill the memory. */
const mostNamed = 1_000;

/** Numbers around its own at which a moved event is looked for. */
const reach = 64;

/**
 * Every fault of a trail, given in the order of its numbers, and of its end against `head`. Events after `head` are sound
 * where they hang together: a command may be killed between its record and the anchor.
 */
export function auditFaults(events: readonly AuditEvent[], head: AuditHead | undefined): AuditFault[] {
  const faults: AuditFault[] = [];
  const say = (kind: AuditFault["kind"], number: number, text: string) => faults.push({ kind, number, text });
  const given = events.map((event) => numberGiven(event));
  const givenOnce = new Set(given.filter((number) => number !== undefined));
  const places = new Map(events.map(({ number }, index) => [number, index]));
  let before: { event: AuditEvent; as: number } | undefined;
  for (const [index, event] of events.entries()) {
    const last = events[index - 1];
    const from = (last?.number ?? 0) + 1;
    if (event.number - from > mostNamed)
      say("missing", from, `events ${from} to ${event.number - 1} are not there`);
    else
      for (let gap = from; gap < event.number; gap++)
        if (!givenOnce.has(gap)) say("missing", gap, `event ${gap} is not there`);
    const as = given[index];
    if (as === undefined) {
      say("changed", event.number, `event ${event.number} is not what was recorded: its hash does not fit`);
      before = { event, as: event.number };
      continue;
    }
    const follows = (before?.event.hash ?? "") === event.previous;
    const there = places.get(as);
    if (as !== event.number && there !== undefined && there !== index && given[there] !== as)
      say("reordered", event.number, `event ${event.number} was recorded as ${as}: its place was changed`);
    else if (!follows && as === event.number && (before?.as ?? 0) === event.number - 1)
      say(
        "inserted",
        event.number,
        `event ${event.number} does not follow ${before?.as ?? "the beginning"}: it, or the one before it, was put there later`,
      );
    else if (as !== event.number)
      say(
        "reordered",
        event.number,
        `event ${event.number} was recorded as ${as}: something was put or taken before it`,
      );
    before = { event, as };
  }
  return [...faults, ...endFaults(events, head)];
}

/** The number under which an event was recorded, if its content is what was recorded. */
function numberGiven(event: AuditEvent): number | undefined {
  if (eventHash(event) === event.hash) return event.number;
  for (let away = 1; away <= reach; away++)
    for (const number of [event.number - away, event.number + away])
      if (number > 0 && eventHash(event, number) === event.hash) return number;
  return undefined;
}

function endFaults(events: readonly AuditEvent[], head: AuditHead | undefined): AuditFault[] {
  if (!head) return [];
  const last = events.at(-1);
  if (!last || last.number < head.number)
    return [
      {
        kind: "cut",
        number: head.number,
        text: `the trail ends with event ${last?.number ?? 0}, but ${head.number} was recorded: its end is cut off`,
      },
    ];
  const anchored = events.find((event) => event.number === head.number);
  if (anchored && anchored.hash !== head.hash)
    return [
      {
        kind: "changed",
        number: head.number,
        text: `event ${head.number} has another hash than the one that was kept outside of the database`,
      },
    ];
  return [];
}
