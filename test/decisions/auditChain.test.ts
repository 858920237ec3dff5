import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auditFaults, eventHash, type AuditEvent } from "../../decisions/auditChain";

/** A sound trail of `count` events. */
function trail(count: number): AuditEvent[] {
  const events: AuditEvent[] = [];
  for (let number = 1; number <= count; number++) events.push(chained(number, events.at(-1)?.hash ?? ""));
  return events;
}
function chained(number: number, previous: string, body = `{"n":${number}}`): AuditEvent {
  const event = {
    number,
    id: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    at: "2026-11-24T12:00:00.000000Z",
    kind: "command",
    stack: "prod",
    actor: "ada",
    body,
    previous,
    hash: "",
  };
  return { ...event, hash: eventHash(event) };
}
const whole = trail(20);
const head = { number: 20, hash: whole[19]!.hash };
const found = (events: AuditEvent[]) =>
  auditFaults(events, head).map(({ kind, number }) => `${kind} ${number}`);
/** The events with their places numbered anew, as somebody would who covers a deletion or an insertion up. */
const renumbered = (events: AuditEvent[]) => events.map((event, index) => ({ ...event, number: index + 1 }));

describe("an audit trail", () => {
  it("that is whole has no fault, nor one whose newest events are not anchored yet", () => {
    expect(auditFaults(whole, head)).toEqual([]);
    expect(auditFaults(whole, { number: 18, hash: whole[17]!.hash })).toEqual([]);
    expect(auditFaults([], undefined)).toEqual([]);
  });

  it("names a changed event", () => {
    expect(found(whole.map((event) => (event.number === 7 ? { ...event, actor: "eve" } : event)))).toEqual([
      "changed 7",
    ]);
  });

  it("names a missing event, and one whose place was closed up", () => {
    expect(found(whole.filter(({ number }) => number !== 7))).toEqual(["missing 7"]);
    expect(found(renumbered(whole.filter(({ number }) => number !== 7)))[0]).toBe("reordered 7");
  });

  it("names an inserted event", () => {
    const forged = chained(7, whole[5]!.hash, '{"forged":true}');
    expect(found(renumbered([...whole.slice(0, 6), forged, ...whole.slice(6)]))).toContain("reordered 8");
    const replaced = [...whole.slice(0, 6), forged, ...whole.slice(7)];
    expect(found(replaced)).toEqual(["inserted 8"]);
  });

  it("names events that changed places", () => {
    const swapped = [...whole];
    [swapped[6], swapped[11]] = [
      { ...whole[11]!, number: 7 },
      { ...whole[6]!, number: 12 },
    ];
    expect(found(swapped)).toEqual(expect.arrayContaining(["reordered 7", "reordered 12"]));
  });

  it("names a tail that was cut, and a whole trail written anew", () => {
    expect(found(whole.slice(0, 15))).toEqual(["cut 20"]);
    const anew = trail(19);
    anew.push(chained(20, anew[18]!.hash, '{"n":0}'));
    expect(found(anew)).toEqual(["changed 20"]);
  });

  it("names a long gap once, and is quick also where everything after a place was moved", () => {
    const far = [...whole.slice(0, 19), { ...whole[19]!, number: 10 ** 12 }];
    expect(auditFaults(far, undefined).map(({ kind }) => kind)).toEqual(["missing", "changed"]);
    const long = trail(20_000);
    const started = performance.now();
    const moved = auditFaults(renumbered(long.filter(({ number }) => number !== 7)), undefined);
    expect(moved).toHaveLength(19_993);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("never passes with one field of one event changed, whichever", () => {
    const field = fc.constantFrom("id", "at", "kind", "stack", "actor", "body", "previous", "hash");
    fc.assert(
      fc.property(fc.nat(19), field, fc.string({ minLength: 1 }), (index, name, text) => {
        const events = whole.map((event, at) =>
          at === index ? { ...event, [name]: `${event[name as "id"]}${text}` } : event,
        );
        expect(auditFaults(events, head).length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});
