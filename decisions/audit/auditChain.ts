import { createHash } from "node:crypto";

/** Events of the audit trail: each carries the hash of the one before it, and so its number. */

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

/** The hash that `reporting.append` gave an event, if its number was `number`. */
export function eventHash(event: AuditEvent, number = event.number): string {
  const { id, at, kind, stack, actor, body, previous } = event;
  const whole = createHash("sha256");
  for (const part of [String(number), id, at, kind, stack, actor, body, previous])
    whole.update(`${Buffer.byteLength(part)}:${part}`);
  return whole.digest("hex");
}

/** So many numbers on each side of its own are tried for an event that no neighbour leads to. */
const reach = 64;

/** At most so many events are searched for in that way: with more, it is another trail, and the search would take minutes. */
const mostSearched = 1_000;

/**
 * The number under which each event was recorded, in the order given; undefined where its content is not what was recorded.
 * It tries the event's own number, those that follow from its neighbours in the chain and from the anchor, then those around
 * its own.
 */
export function recordedNumbers(
  events: readonly AuditEvent[],
  head: AuditHead | undefined,
): (number | undefined)[] {
  const fits = (event: AuditEvent, number: number | undefined): number | undefined =>
    number !== undefined && number > 0 && eventHash(event, number) === event.hash ? number : undefined;
  const given = events.map((event) => fits(event, event.number));
  if (!given.includes(undefined)) return given;
  const byHash = new Map(events.map(({ hash }, index) => [hash, index]));
  const byPrevious = new Map(events.map(({ previous }, index) => [previous, index]));
  const numberOf = (index: number | undefined) => (index === undefined ? undefined : given[index]);
  const fromBefore = ({ previous }: AuditEvent) =>
    previous === "" ? 1 : add(numberOf(byHash.get(previous)), 1);
  const fromAfter = ({ hash }: AuditEvent) =>
    hash === head?.hash ? head.number : add(numberOf(byPrevious.get(hash)), -1);
  let searched = 0;
  const search = (event: AuditEvent): number | undefined => {
    if (searched++ >= mostSearched) return undefined;
    for (let away = 1; away <= reach; away++)
      for (const number of [event.number - away, event.number + away])
        if (fits(event, number) !== undefined) return number;
    return undefined;
  };
  const unknown = given.flatMap((number, index) => (number === undefined ? [index] : []));
  const fill = (order: readonly number[], candidate: (event: AuditEvent) => number | undefined) => {
    for (const index of order) {
      const event = events[index];
      if (event && given[index] === undefined) given[index] = fits(event, candidate(event));
    }
  };
  // Along the chain each leads to the next; only what hangs on nothing is searched for, and may lead further.
  fill(unknown, fromBefore);
  fill(unknown.toReversed(), fromAfter);
  fill(unknown, (event) => fromBefore(event) ?? search(event));
  fill(unknown.toReversed(), fromAfter);
  return given;
}

const add = (number: number | undefined, more: number): number | undefined =>
  number === undefined ? undefined : number + more;
