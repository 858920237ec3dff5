import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventHash, type AuditEvent } from "../../../decisions/audit/auditChain";
import { auditIssues } from "../../../decisions/audit/auditIssues";

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
  auditIssues(events, head).map(({ kind, number }) => `${kind} ${number}`);
/** The events with their places numbered anew, as somebody would who covers a deletion or an insertion up. */
const renumbered = (events: AuditEvent[]) => events.map((event, index) => ({ ...event, number: index + 1 }));

describe("an audit trail", () => {
  it("that is whole has no fault, nor one whose newest events are not anchored yet", () => {
    expect(auditIssues(whole, head)).toEqual([]);
    expect(auditIssues(whole, { number: 18, hash: whole[17]!.hash })).toEqual([]);
    expect(auditIssues([], undefined)).toEqual([]);
  });

  it("names a changed event", () => {
    expect(found(whole.map((event) => (event.number === 7 ? { ...event, actor: "eve" } : event)))).toEqual([
      "changed 7",
    ]);
  });

  it("names a missing event, and one whose place was closed up", () => {
    expect(found(whole.filter(({ number }) => number !== 7))).toEqual(["missing 7"]);
    expect(found(renumbered(whole.filter(({ number }) => number !== 7)))).toEqual(["missing 7"]);
  });

  it("names an inserted event", () => {
    const forged = chained(7, whole[5]!.hash, '{"forged":true}');
    expect(found(renumbered([...whole.slice(0, 6), forged, ...whole.slice(6)]))).toEqual(["inserted 7"]);
  });

  it("names an event that was changed together with its hash", () => {
    const forged = chained(7, whole[5]!.hash, '{"forged":true}');
    expect(found([...whole.slice(0, 6), forged, ...whole.slice(7)])).toEqual(["changed 7"]);
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
    expect(auditIssues(far, undefined).map(({ kind }) => kind)).toEqual(["reordered"]);
    const forged = chained(10 ** 12, "", '{"forged":true}');
    const before = { number: 19, hash: whole[18]!.hash };
    expect(auditIssues([...whole.slice(0, 19), forged], before).map(({ kind }) => kind)).toEqual(["missing"]);
    const long = trail(20_000);
    const started = performance.now();
    const moved = auditIssues(renumbered(long.filter(({ number }) => number !== 7)), undefined);
    expect(moved.map(({ kind }) => kind)).toEqual(["missing"]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  describe("however it is tampered with", () => {
    /** A trail of 3 to 60 events, and where its anchor is: at its end, or a little before it. */
    const given = fc
      .record({ count: fc.integer({ min: 3, max: 60 }), behind: fc.nat(2) })
      .map(({ count, behind }) => ({ events: trail(count), anchored: count - behind }));
    type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;
    /** An event that was never recorded: with any hash, or with one that fits it. */
    const forgery = (events: AuditEvent[], number: number, seed: number, isSound: boolean): AuditEvent => {
      const forged = { ...events[seed % events.length]!, number, actor: "eve" };
      return { ...forged, hash: isSound ? eventHash(forged) : `forged${seed}` };
    };
    const fields = ["id", "at", "kind", "stack", "actor", "body", "previous", "hash"] as const;
    /** Does one act of a kind at a place below the anchor; where that would be none, gives undefined. */
    const acts: Record<string, (g: Given, at: number, seed: number) => AuditEvent[] | undefined> = {
      changed: ({ events }, at, seed) =>
        events.map((event) => {
          if (event.number !== at) return event;
          const field = fields[seed % fields.length]!;
          const changed = { ...event, [field]: `${event[field]}x` };
          return seed % 2 === 0 && field !== "hash" ? { ...changed, hash: eventHash(changed) } : changed;
        }),
      missing: ({ events, anchored }, at, seed) => {
        if (at === anchored && at === events.length) return undefined;
        const left = events.filter(({ number }) => number !== at);
        return seed % 2 === 0 ? left : renumbered(left);
      },
      inserted: ({ events }, at, seed) => {
        const forged = forgery(events, at, seed, seed % 2 === 0);
        return renumbered([...events.slice(0, at - 1), forged, ...events.slice(at - 1)]);
      },
      reordered: ({ events, anchored }, at, seed) => {
        const other = (seed % anchored) + 1;
        if (other === at) return undefined;
        const from = (index: number) => (index === at - 1 ? other - 1 : index === other - 1 ? at - 1 : index);
        return events.map(({ number }, index) => ({ ...events[from(index)]!, number }));
      },
      cut: ({ events, anchored }, at) => (at > 1 ? events.slice(0, Math.min(at, anchored) - 1) : undefined),
    };
    const headOf = ({ events, anchored }: Given) => ({
      number: anchored,
      hash: events[anchored - 1]!.hash,
    });
    const sorted = (events: AuditEvent[]) => events.toSorted((one, two) => one.number - two.number);

    it.each(Object.entries(acts))("one act is named as exactly what it is: %s", (kind, act) => {
      const property = fc.property(given, fc.nat(), fc.nat(), (one, place, seed) => {
        const events = act(one, (place % one.anchored) + 1, seed);
        fc.pre(events !== undefined);
        const faults = auditIssues(sorted(events), headOf(one));
        expect([...new Set(faults.map((fault) => fault.kind))]).toEqual([kind]);
        if (kind !== "reordered") expect(faults).toHaveLength(1);
      });
      fc.assert(property, { numRuns: 1000 });
    });

    it("several acts, one upon the other, are never passed", () => {
      const act = fc.tuple(fc.constantFrom(...Object.keys(acts)), fc.nat(), fc.nat());
      const property = fc.property(given, fc.array(act, { minLength: 1, maxLength: 4 }), (one, list) => {
        let events = one.events;
        for (const [kind, place, seed] of list) {
          const anchored = Math.min(one.anchored, events.length);
          if (anchored === 0) continue;
          events = sorted(acts[kind]!({ events, anchored }, (place % anchored) + 1, seed) ?? events);
        }
        const same = (event: AuditEvent | undefined, other: AuditEvent) =>
          event !== undefined && JSON.stringify(event) === JSON.stringify(other);
        fc.pre(!one.events.slice(0, one.anchored).every((event, index) => same(events[index], event)));
        expect(auditIssues(events, headOf(one))).not.toEqual([]);
      });
      fc.assert(property, { numRuns: 2000 });
    });
  });

  it("never passes with one field of one event changed, whichever", () => {
    const field = fc.constantFrom("id", "at", "kind", "stack", "actor", "body", "previous", "hash");
    fc.assert(
      fc.property(fc.nat(19), field, fc.string({ minLength: 1 }), (index, name, text) => {
        const events = whole.map((event, at) =>
          at === index ? { ...event, [name]: `${event[name as "id"]}${text}` } : event,
        );
        expect(auditIssues(events, head).length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});
