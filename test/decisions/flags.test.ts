import { FlagdCore } from "@openfeature/flagd-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Flag } from "../../decisions/config";
import { publish } from "../../decisions/flags";

const flag = (more: Partial<Flag> = {}): Flag => ({
  risk: "high",
  roles: [],
  cohorts: [],
  percentage: 0,
  owner: "grades",
  expires: "2027-03-01",
  ...more,
});
const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** Evaluates as the application does, with flagd's own evaluator. */
function evaluator(given: Flag, { held = {}, validatedIsLive = true } = {}) {
  const core = new FlagdCore(undefined, silent);
  const published = publish({ "gradebook-v2": given }, held, { validatedIsLive });
  core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(published) }));
  return (context: Record<string, string>): boolean =>
    core.resolveBooleanEvaluation("gradebook-v2", false, context, silent).value;
}

const everybody = fc.record({
  targetingKey: fc.uuid(),
  role: fc.constantFrom("teacher", "pupil"),
  cohort: fc.constantFrom("pilot", "rest"),
});

describe("a published flag", () => {
  it("is off for everybody without roles, cohorts or a percentage", () => {
    const isOn = evaluator(flag());
    fc.assert(fc.property(everybody, (person) => !isOn(person)));
  });
  it("is on for its roles and its cohorts, and for nobody else at 0 %", () => {
    const isOn = evaluator(flag({ roles: ["teacher"], cohorts: ["pilot"] }));
    fc.assert(
      fc.property(
        everybody,
        (person) => isOn(person) === (person.role === "teacher" || person.cohort === "pilot"),
      ),
    );
    expect(isOn({ role: "teacher" })).toBe(true);
    expect(isOn({})).toBe(false);
  });
  it("does not take a part of a role's name for the role", () =>
    expect(evaluator(flag({ roles: ["teacher"] }))({ targetingKey: "a", role: "teach" })).toBe(false));
  it("at 100 % is on for everybody, also for somebody without a targeting key", () => {
    const isOn = evaluator(flag({ percentage: 100 }));
    expect(isOn({})).toBe(true);
    fc.assert(fc.property(everybody, isOn));
  });
  it("at a percentage is off for somebody without a targeting key", () =>
    expect(evaluator(flag({ percentage: 99.9 }))({ role: "pupil" })).toBe(false));
  it.each([10, 33.3, 0.5])("at %d %% is on for that share of people", (percentage) => {
    const isOn = evaluator(flag({ percentage }));
    const people = 5_000;
    const on = Array.from({ length: people }, (_, n) => isOn({ targetingKey: `person-${n}` })).filter(
      Boolean,
    ).length;
    // Four standard deviations of a binomial share.
    const tolerance = 4 * Math.sqrt(((percentage / 100) * (1 - percentage / 100)) / people) * 100;
    expect(Math.abs((on / people) * 100 - percentage)).toBeLessThan(tolerance);
  });
  it("only gains people when its percentage rises", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.array(everybody, { maxLength: 40 }),
        (a, b, people) => {
          const before = evaluator(flag({ roles: ["teacher"], percentage: Math.min(a, b) }));
          const later = evaluator(flag({ roles: ["teacher"], percentage: Math.max(a, b) }));
          for (const person of people) if (before(person)) expect(later(person)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
  it("gives the same person the same answer from another evaluator, as after a restart", () =>
    fc.assert(
      fc.property(
        everybody,
        (person) =>
          evaluator(flag({ percentage: 50 }))(person) === evaluator(flag({ percentage: 50 }))(person),
      ),
      { numRuns: 50 },
    ));
});

describe("a flag of high risk", () => {
  const open = flag({ roles: ["teacher"], percentage: 100 });
  const teacher = { targetingKey: "a", role: "teacher" };
  it("is off while the live release is not validated, and a low one is not", () => {
    expect(evaluator(open, { validatedIsLive: false })(teacher)).toBe(false);
    expect(evaluator({ ...open, risk: "low" }, { validatedIsLive: false })(teacher)).toBe(true);
  });
  it("is off while held, whatever its risk is, and says why", () => {
    const held = { "gradebook-v2": { reason: "incident 7" } };
    expect(evaluator({ ...open, risk: "low" }, { held })(teacher)).toBe(false);
    expect(
      publish({ "gradebook-v2": open }, held, { validatedIsLive: true }).get("gradebook-v2")?.metadata.off,
    ).toBe("held: incident 7");
  });
  it("carries no targeting at all while it is off", () =>
    expect(publish({ a: open }, {}, { validatedIsLive: false }).get("a")).not.toHaveProperty("targeting"));
});
