import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { furthest, incidentStates, isFurther } from "../../../decisions/incident/incident";
import { durations, lengthOf, orderIssues, timesOf } from "../../../decisions/incident/incidentTimes";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 20, minute)).toISOString();

describe("an incident's times", () => {
  it("are worked out from its entries: detect, mitigate and resolve count from when it began", () => {
    const entries = [
      { at: at(10), state: "opened", body: { startedAt: at(6), detectedAt: at(9) } },
      { at: at(11), state: "note" },
      { at: at(12), state: "mitigated" },
      { at: at(20), state: "resolved" },
    ];
    expect(durations(timesOf(entries))).toEqual({
      from: "started",
      detect: 180,
      mitigate: 360,
      resolve: 840,
    });
  });

  it("count from the detection where nobody said when it began, and then give no time to detect", () => {
    expect(
      durations(
        timesOf([
          { at: at(1), state: "opened" },
          { at: at(3), state: "resolved" },
        ]),
      ),
    ).toEqual({
      from: "detected",
      mitigate: 120,
      resolve: 120,
    });
  });

  it("take the newest word on when it began", () => {
    const entries = [
      { at: at(10), state: "opened", body: { startedAt: at(9) } },
      { at: at(30), state: "note", body: { startedAt: at(2) } },
    ];
    expect(timesOf(entries).started?.toISOString()).toBe(at(2));
  });

  it("name every pair that is the wrong way round", () => {
    const faults = orderIssues({
      started: new Date(at(5)),
      detected: new Date(at(3)),
      resolved: new Date(at(4)),
    });
    expect(faults).toEqual([`it was detected at ${at(3)}, before it began at ${at(5)}`]);
  });

  it("whatever the order in which entries arrive, are the same, in order and not negative", () => {
    const entry = fc.record({
      at: fc.integer({ min: 0, max: 59 }).map(at),
      state: fc.constantFrom("opened", "note", "told", ...incidentStates),
    });
    fc.assert(
      fc.property(fc.uniqueArray(entry, { minLength: 1, selector: ({ at }) => at }), (entries) => {
        const shuffled = entries.toReversed();
        expect(timesOf(shuffled)).toEqual(timesOf(entries));
        const { detect = 0, mitigate = 0, resolve = 0 } = durations(timesOf(entries));
        for (const seconds of [detect, mitigate, resolve]) expect(seconds).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("are said as people say them", () => {
    expect([0, 42, 200, 3_900, 183_600].map(lengthOf)).toEqual([
      "0 s",
      "42 s",
      "3 min 20 s",
      "1 h 5 min",
      "2 d 3 h",
    ]);
  });
});

it("an incident never goes back, whatever entries come", () => {
  const some = fc.array(fc.constantFrom("note", "told", ...incidentStates));
  fc.assert(
    fc.property(some, fc.constantFrom(...incidentStates), (states, more) => {
      expect(isFurther(furthest(states), furthest([...states, more]))).toBe(false);
    }),
  );
});
