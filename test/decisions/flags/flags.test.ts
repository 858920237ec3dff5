import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FlagdCore } from "@openfeature/flagd-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Flag } from "../../../decisions/flags/flagConfig";
import type { Settings } from "../../../decisions/stack/config";
import { bucketOf, flagsAsPublished } from "../../../decisions/flags/flags";

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

const standing = (validatedIsLive = true, hasRevision = () => true) => ({ validatedIsLive, hasRevision });

/** The context as an application makes it. */
const withBucket = (name: string, context: Record<string, string | undefined>) => ({
  ...context,
  ...(context.targetingKey && { bucket: bucketOf(name, context.targetingKey) }),
});

/** Evaluates as the application does, with flagd's own evaluator. */
function evaluator(given: Flag, { held = {}, validatedIsLive = true, name = "gradebook-v2" } = {}) {
  const core = new FlagdCore(undefined, silent);
  const published = flagsAsPublished({ [name]: given }, held, standing(validatedIsLive));
  core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(published) }));
  return (context: Record<string, string>): boolean =>
    core.resolveBooleanEvaluation(name, false, withBucket(name, context), silent).value;
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

describe("a rollout, by the thousand", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/);
  const groups = fc.subarray(["teacher", "pupil", "pilot", "rest", "head"]);
  const share = fc.oneof(
    fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 1000),
    fc.double({ min: 0, max: 100, noNaN: true }),
  );
  const person = fc.record(
    {
      targetingKey: fc.oneof(fc.uuid(), fc.nat().map(String), fc.string({ minLength: 1 })),
      role: fc.constantFrom("teacher", "pupil", "head", "guest"),
      cohort: fc.constantFrom("pilot", "rest", "other"),
    },
    { requiredKeys: ["targetingKey"] },
  );
  const thousands = { numRuns: 1000 };

  it("only adds people when a percentage, the roles or the cohorts grow, whoever they are and whatever the flag's name", () =>
    fc.assert(
      fc.property(
        name,
        fc.tuple(share, share),
        groups,
        groups,
        groups,
        groups,
        person,
        (flagName, [a, b], roles, moreRoles, cohorts, moreCohorts, somebody) => {
          const few = flag({ percentage: Math.min(a, b), roles, cohorts });
          const many = flag({
            percentage: Math.max(a, b),
            roles: [...moreRoles, ...roles],
            cohorts: [...cohorts, ...moreCohorts],
          });
          if (evaluator(few, { name: flagName })(somebody))
            expect(evaluator(many, { name: flagName })(somebody)).toBe(true);
        },
      ),
      thousands,
    ));
  it("gives each person the same answer in another process: nothing but the flag's name and the person counts", () =>
    fc.assert(
      fc.property(name, share, person, fc.array(name), (flagName, percentage, somebody, others) => {
        const given = flag({ percentage });
        const alone = evaluator(given, { name: flagName })(somebody);
        // A newer release: other flags beside it, another owner, another expiry.
        const published = flagsAsPublished(
          { ...Object.fromEntries(others.map((one) => [one, flag({ percentage: 50 })])), [flagName]: given },
          {},
          standing(),
        );
        const core = new FlagdCore(undefined, silent);
        core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(published) }));
        const among = core.resolveBooleanEvaluation(
          flagName,
          false,
          withBucket(flagName, somebody),
          silent,
        ).value;
        const renewed = evaluator({ ...given, owner: "new", expires: "2030-01-01" }, { name: flagName });
        expect([among, renewed(somebody)]).toEqual([alone, alone]);
      }),
      thousands,
    ));
  it("is on for a role or a cohort that is named and, of everybody else, for those whom the percentage alone would give it", () =>
    fc.assert(
      fc.property(share, groups, groups, person, (percentage, roles, cohorts, somebody) => {
        const { role = "", cohort = "" } = somebody;
        const isNamed = roles.includes(role) || cohorts.includes(cohort);
        const byShare = evaluator(flag({ percentage }))(somebody);
        expect(evaluator(flag({ percentage, roles, cohorts }))(somebody)).toBe(isNamed || byShare);
      }),
      thousands,
    ));
  it("gives two flags of one percentage to different people: nobody gets every new thing first", () => {
    const people = Array.from({ length: 4000 }, (_, n) => ({ targetingKey: `person-${n}` }));
    const [one, two] = ["gradebook-v2", "averages"].map((flagName) =>
      people.filter(evaluator(flag({ percentage: 20 }), { name: flagName })),
    );
    const both = (one ?? []).filter((somebody) => two?.includes(somebody)).length;
    // Independent: 4 % of them; five standard deviations are 1.5 %.
    expect(both / people.length).toBeGreaterThan(0.025);
    expect(both / people.length).toBeLessThan(0.055);
  });
  it("is off for everybody while it is held, not validated or below its revision, and says so", () =>
    fc.assert(
      fc.property(
        share,
        groups,
        person,
        fc.constantFrom("held", "revision", "risk"),
        (percentage, roles, somebody, why) => {
          const given = flag({
            percentage,
            roles,
            revision: "9c1b0d2f",
            risk: why === "risk" ? "high" : "low",
          });
          const held: Settings["heldFlags"] =
            why === "held" ? { "gradebook-v2": { reason: "incident" } } : {};
          const published = flagsAsPublished(
            { "gradebook-v2": given },
            held,
            standing(why !== "risk", () => why !== "revision"),
          );
          const core = new FlagdCore(undefined, silent);
          core.setConfigurations(JSON.stringify({ flags: Object.fromEntries(published) }));
          expect(
            core.resolveBooleanEvaluation("gradebook-v2", true, withBucket("gradebook-v2", somebody), silent)
              .value,
          ).toBe(false);
          expect(published.get("gradebook-v2")?.metadata.off).toBeTruthy();
        },
      ),
      thousands,
    ));
  it("is the same for the examples that the application's own evaluator is asked", () => {
    // test/school/test_flags.py asks the Python evaluator the same; both must give what rollouts.json says.
    const { cases } = JSON.parse(readFileSync(join(__dirname, "rollouts.json"), "utf8")) as {
      cases: { name: string; flag: Partial<Flag>; definition: object; people: number; sha256: string }[];
    };
    for (const { name: flagName, flag: given, definition, people, sha256 } of cases) {
      expect(flagsAsPublished({ [flagName]: flag(given) }, {}, standing()).get(flagName)).toEqual(definition);
      const isOn = evaluator(flag(given), { name: flagName });
      const who = Array.from({ length: 2000 }, (_, n) => n).filter((n) => isOn(examplePerson(n)));
      expect(who).toHaveLength(people);
      expect(createHash("sha256").update(who.join(",")).digest("hex")).toBe(sha256);
    }
  });
});

/** Person `n` of the examples: the same three values in both languages. */
const examplePerson = (n: number) => ({
  targetingKey: `person-${n}`,
  role: ["teacher", "pupil", "guardian"][n % 3] ?? "",
  cohort: n % 10 === 0 ? "pilot-schools" : "rest",
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
      flagsAsPublished({ "gradebook-v2": open }, held, standing()).get("gradebook-v2")?.metadata.off,
    ).toBe("held: incident 7");
  });
  it("carries no targeting at all while it is off", () =>
    expect(flagsAsPublished({ a: open }, {}, standing(false)).get("a")).not.toHaveProperty("targeting"));
});
