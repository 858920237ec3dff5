import { recordedNumbers, type AuditEvent, type AuditHead } from "./auditChain";

/** Whether an audit trail is whole: it hangs together, and its newest event is the one that the anchor outside knows. */

/** What is wrong with an event, or with the end of the trail. */
export interface AuditIssue {
  kind: "changed" | "missing" | "inserted" | "reordered" | "cut";
  /** Number of the event as it is found, or that is missing. */
  number: number;
  text: string;
}

/** Missing events that are named one by one; a longer gap is one issue, or one absurd number would fill the memory. */
const mostNamed = 1_000;

/**
 * Every issue of a trail, given in the order of its numbers, and of its end against `head`.
 *
 * A row is genuine if the row after it, or the anchor for the row that it names, has its hash; after the anchor, if the row
 * has the hash of the row before it. Any other row was changed if it stands in the place of a missing event, else put in. A
 * number that only moved along with rows put in or taken out before it is no issue of its own. Rows after `head` are sound
 * where they hang together: a command may be killed between its record and the anchor. Whether the newest of them was changed
 * or put in cannot be told.
 */
export function auditIssues(events: readonly AuditEvent[], head: AuditHead | undefined): AuditIssue[] {
  const recorded = genuineNumbers(events, head);
  const there = new Set(recorded.filter((number) => number !== undefined));
  const top = [...there].reduce((most, number) => Math.max(most, number), head?.number ?? 0);
  const issues: AuditIssue[] = [];
  const say = (kind: AuditIssue["kind"], number: number, text: string) => issues.push({ kind, number, text });

  const isMoved = displaced(recorded);
  /** The last event in its place, and the rows that were put in since. */
  let [place, put] = [{ number: 0, as: 0 }, 0];
  for (const [index, event] of events.entries()) {
    const { number } = event;
    const as = recorded[index];
    if (as === undefined) {
      const standsFor = place.as + number - place.number - put;
      const isNewest = standsFor > top && event.previous === (events[index - 1]?.hash ?? "");
      if (isNewest || (standsFor > 0 && standsFor <= top && !there.has(standsFor))) {
        there.add(standsFor);
        say("changed", number, `event ${number} is not what was recorded: its hash does not fit`);
      } else {
        put++;
        say("inserted", number, `event ${number} was put in: no event of the chain stands there`);
      }
      continue;
    }
    if (isMoved[index]) {
      say("reordered", number, `event ${number} was recorded as ${as}: its place was changed`);
      continue;
    }
    const taken = as - place.as - 1;
    const shift = number - place.number - (as - place.as);
    if (shift > put || shift < put - taken)
      say("reordered", number, `event ${number} was recorded as ${as}: it was given another number`);
    [place, put] = [{ number, as }, 0];
  }
  return [...issues, ...absent(there, head)].sort((one, other) => one.number - other.number);
}

/** Events that no row stands for: missing, or, where nothing comes after them, cut off. */
function absent(there: ReadonlySet<number>, head: AuditHead | undefined): AuditIssue[] {
  const issues: AuditIssue[] = [];
  const missing = (number: number, text: string) => issues.push({ kind: "missing", number, text });
  let last = 0;
  for (const number of [...there].sort((one, other) => one - other)) {
    if (number - last > mostNamed) missing(last + 1, `events ${last + 1} to ${number - 1} are not there`);
    else for (let gap = last + 1; gap < number; gap++) missing(gap, `event ${gap} is not there`);
    last = number;
  }
  if (head && last < head.number) {
    const text = `the trail ends with event ${last}, but ${head.number} was recorded: its end is cut off`;
    issues.push({ kind: "cut", number: head.number, text });
  }
  return issues;
}

/** Of each row the number under which it was recorded, where the chain says that it is that event; else undefined. */
function genuineNumbers(events: readonly AuditEvent[], head: AuditHead | undefined): (number | undefined)[] {
  const given = recordedNumbers(events, head);
  const rows = new Map<number, { event: AuditEvent; index: number }[]>();
  for (const [index, event] of events.entries()) {
    const as = given[index];
    if (as === undefined) continue;
    const same = rows.get(as);
    if (same) same.push({ event, index });
    else rows.set(as, [{ event, index }]);
  }
  const genuine = events.map((): number | undefined => undefined);
  const choose = (as: number, isLinked: ((event: AuditEvent) => boolean) | undefined) => {
    const candidates = rows.get(as) ?? [];
    const chosen = isLinked
      ? candidates.find(({ event }) => isLinked(event))
      : (candidates.find(({ event }) => event.number === as) ?? candidates[0]);
    if (chosen) genuine[chosen.index] = as;
    return chosen?.event;
  };
  const numbers = [...rows.keys()].sort((one, other) => one - other);
  const anchor = head?.number ?? Infinity;
  let next: { as: number; event: AuditEvent | undefined } | undefined;
  for (const as of numbers.filter((number) => number <= anchor).reverse()) {
    const after = next?.as === as + 1 ? next.event : undefined;
    const hash = as === head?.number ? head.hash : after?.previous;
    next = { as, event: choose(as, hash === undefined ? undefined : (event) => event.hash === hash) };
  }
  let before = head && { as: head.number, hash: head.hash as string | undefined };
  for (const as of numbers.filter((number) => number > anchor)) {
    const hash = before?.as === as - 1 ? before.hash : undefined;
    const event = choose(as, hash === undefined ? undefined : ({ previous }) => previous === hash);
    before = { as, hash: event?.hash };
  }
  return genuine;
}

/** Which of the known numbers are not as many places from the beginning as they should be; unknown ones do not count. */
function displaced(recorded: readonly (number | undefined)[]): boolean[] {
  const known = recorded.filter((number) => number !== undefined);
  const sorted = known.toSorted((one, other) => one - other);
  let rank = 0;
  return recorded.map((number) => number !== undefined && number !== sorted[rank++]);
}
