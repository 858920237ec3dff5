import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Flag } from "../../../decisions/flags/flagConfig";
import {
  changeFlag,
  describeRollout,
  readFlagAsk,
  type FlagChangeInput,
} from "../../../decisions/flags/flagChange";

const flag = (more: Partial<Flag> = {}): Flag => ({
  risk: "high",
  roles: ["teacher"],
  cohorts: [],
  percentage: 10,
  owner: "grades",
  expires: "2027-03-01",
  ...more,
});
const given = (more: Partial<FlagChangeInput> = {}, of: Partial<Flag> = {}): FlagChangeInput => {
  const flags = { gradebook: flag(of), small: flag({ risk: "low" }) };
  return {
    ask: { name: "gradebook", percentage: 25 },
    written: flags,
    flags,
    heldFlags: {},
    applied: flags,
    conditions: { validatedIsLive: true, hasRevision: () => true },
    today: "2026-11-24",
    ...more,
  };
};
const change = (...args: Parameters<typeof given>) => changeFlag(given(...args));
const reasons = (...args: Parameters<typeof given>) => {
  const result = change(...args);
  return result.ok ? [] : result.reasons;
};
const notValidated = { conditions: { validatedIsLive: false, hasRevision: () => true } };

describe("a change of a flag", () => {
  it("writes that one flag's rollout and nothing else, and says who gets it and what is published", () => {
    const result = change();
    expect(result).toMatchObject({ ok: true, changes: true, lowers: false });
    if (!result.ok) return;
    expect(result.flags).toEqual({ gradebook: flag({ percentage: 25 }), small: flag({ risk: "low" }) });
    expect(result.lines).toEqual([
      "wider: everybody else from 10 % up to 25 %; whoever has it keeps it where nothing is lost",
      "published: roles teacher and 25 % of everybody else",
    ]);
  });
  it("keeps what is not written down: no default gets into the file", () => {
    const { roles: _, ...bare } = flag();
    const result = change({
      written: { gradebook: bare },
      flags: { gradebook: flag({ roles: [] }) },
      applied: undefined,
    });
    expect(result.ok && result.flags).toEqual({ gradebook: { ...bare, percentage: 25 } });
  });
  it("says clearly that a lowering takes it from people", () => {
    const result = change({ ask: { name: "gradebook", percentage: 2, roles: [] } });
    expect(result).toMatchObject({ ok: true, lowers: true });
    expect(result.ok && result.lines[0]).toBe(
      "LOWERED, people who have it lose it: everybody else from 2 % up to 10 %, roles teacher",
    );
  });
  it("adds nobody to a risky flag before the live release is validated, and says how it gets there", () => {
    expect(reasons(notValidated)).toEqual([
      "`gradebook` is published off: the live release is not validated. It is off until validated: finish `make deploy` first",
    ]);
    expect(change({ ...notValidated, ask: { name: "small", percentage: 50 } }).ok).toBe(true);
  });
  it("adds nobody to a flag that is held, expired, below its revision or under the kill switch", () => {
    expect(reasons({ heldFlags: { gradebook: { reason: "wrong grades", incident: "inc-7" } } })).toEqual([
      "`gradebook` is published off: held: wrong grades (incident inc-7). A person releases it first: `make flag NAME=gradebook HOLD=off REASON=<why> ACTOR=<who>`",
    ]);
    expect(reasons({ today: "2027-03-02" })[0]).toMatch(/^`gradebook` expired on 2027-03-01/);
    expect(change({ today: "2027-03-01" }).ok).toBe(true);
    const conditions = { validatedIsLive: true, hasRevision: () => false };
    expect(reasons({ conditions }, { revision: "9c1b0d2f" })[0]).toMatch(
      /does not have revision 9c1b0d2f. Deploy a release/,
    );
    expect(reasons({ killSwitch: "rollback to 1.0.0" })[0]).toMatch(
      /off while the kill switch is on \(rollback/,
    );
  });
  it("gives every reason at once", () => {
    expect(reasons({ ...notValidated, today: "2028-01-01", killSwitch: "k" })).toHaveLength(3);
  });
  it("may always take people away, whatever else is wrong", () => {
    const asleep = {
      ...notValidated,
      heldFlags: { gradebook: { reason: "r" } },
      today: "2028-01-01",
      killSwitch: "k",
    };
    const result = change({ ...asleep, ask: { name: "gradebook", percentage: 0 } });
    expect(result).toMatchObject({ ok: true, lowers: true });
    expect(result.ok && result.lines.at(-1)).toBe("published: off, held: r; then roles teacher");
  });
  it("takes an old file for what it is: it may not change other flags by the way", () => {
    const applied = { gradebook: flag(), small: flag({ risk: "low", percentage: 80 }) };
    expect(reasons({ applied })[0]).toMatch(
      /changes other flags too: `flags.small.percentage` is 10, applied is 80/,
    );
  });
  it("compares with what is applied, not with what an old file says", () => {
    const flags = { gradebook: flag({ percentage: 50 }), small: flag({ risk: "low" }) };
    expect(change({ applied: flags })).toMatchObject({ ok: true, lowers: true });
  });
  it("knows the flags that there are", () => {
    const result = change({ ask: { name: "gradebok", percentage: 1 } });
    expect(result).toMatchObject({ ok: false, code: 2 });
    expect(reasons({ ask: { name: "gradebok", percentage: 1 } })[0]).toMatch(
      /no flag `gradebok`. Flags: gradebook, small/,
    );
  });
  it("is none where all is so already", () => {
    expect(change({ ask: { name: "gradebook", percentage: 10 } })).toMatchObject({
      changes: false,
      lowers: false,
    });
  });
  it("lowers for nobody when it is only raised", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        fc.subarray(["teacher", "pupil"]),
        fc.subarray(["teacher", "pupil"]),
        (a, b, roles, more) => {
          const before = { percentage: Math.min(a, b), roles };
          const ask = { name: "gradebook", percentage: Math.max(a, b), roles: [...roles, ...more] };
          expect(change({ ask }, before)).toMatchObject({ ok: true, lowers: false });
        },
      ),
      { numRuns: 1000 },
    ));
});

describe("what is typed", () => {
  const typed = (more: object) => readFlagAsk({ name: "gradebook", ...more });
  it("is a number and lists, of which `none` is the empty one", () =>
    expect(typed({ percentage: "12.5", roles: "teacher, head", cohorts: "none" })).toEqual({
      ok: true,
      ask: { name: "gradebook", percentage: 12.5, roles: ["teacher", "head"], cohorts: [] },
    }));
  it.each(["101", "-1", "ten", "1.2345", "1e1", ""])("is refused with a percentage of %j", (percentage) =>
    expect(typed({ percentage })).toMatchObject({
      ok: false,
      reasons: [expect.stringMatching(/^PERCENTAGE is/)],
    }),
  );
  it("is refused with all that is wrong", () => {
    const result = readFlagAsk({ percentage: "200", roles: "Teacher,head" });
    expect(result.ok ? [] : result.reasons).toEqual([
      "NAME is missing: name the flag.",
      expect.stringMatching(/^ROLES has `Teacher`/),
      expect.stringMatching(/^PERCENTAGE is `200`/),
    ]);
    expect(typed({})).toMatchObject({ ok: false, reasons: [expect.stringMatching(/^Nothing is asked for/)] });
  });
});

describe("a rollout in words", () => {
  it.each([
    [{}, "roles teacher and 10 % of everybody else"],
    [{ percentage: 100 }, "everybody"],
    [{ percentage: 0, roles: [] }, "nobody"],
    [{ percentage: 0, cohorts: ["pilot"] }, "roles teacher and cohorts pilot"],
    [{ percentage: 5, roles: [] }, "5 % of everybody"],
  ])("of %j is %s", (more, text) => expect(describeRollout(flag(more))).toBe(text));
});
