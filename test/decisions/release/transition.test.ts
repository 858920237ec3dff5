import { describe, expect, it } from "vitest";
import type { Release } from "../../../decisions/stack/config";
import { emptyRelease, releaseAfter } from "../../../decisions/release/nextRelease";
import { transition } from "../../../decisions/release/transition";
import type { TransitionFacts, Step } from "../../../decisions/release/transitionFacts";
import { after, deployed, digestOf, facts, migrationOf, sample, served } from "../samples";

const one = served();
const [, promoted, canary, loaded, migrated] = deployed(one, 2) as [
  Release,
  Release,
  Release,
  Release,
  Release,
];
const two = after(one, 2);
const verdict = { digest: digestOf(2), verdict: "promote", serial: canary.serial };
const good = facts({ knownGood: new Set([digestOf(1), digestOf(2)]) });

const legal = (previous: Release | undefined, to: Release, given: TransitionFacts, step: Step) =>
  expect(transition(previous, to, given)).toEqual({ ok: true, step });
/** Every reason as one text; fails when the step is legal. */
function refusal(previous: Release | undefined, to: Release, given: TransitionFacts = good): string {
  const result = transition(previous, to, given);
  expect(result.ok).toBe(false);
  return result.ok ? "" : result.reasons.join("\n");
}
const edit = (release: Release, change: Partial<Release>): Release => ({
  ...release,
  serial: release.serial + 1,
  ...change,
});

describe("a first run", () => {
  const empty = emptyRelease();
  it("admits the bare beginning", () => legal(undefined, empty, facts(), "first"));
  it("admits a migration as serial 1", () =>
    legal(undefined, releaseAfter.migrate(empty, migrationOf(1)), facts(), "migrate"));
  it("goes on with the first release, paused, then validates it and opens", () => {
    const migrated = releaseAfter.migrate(empty, migrationOf(1));
    const first = releaseAfter.first(migrated, sample(1));
    legal(migrated, first, facts(), "first");
    legal(first, releaseAfter.validate(first), facts(), "validate");
    expect(releaseAfter.validate(first)).toMatchObject({ traffic: "open", validated: digestOf(1) });
  });
  it("refuses a release before any migration, naming what to run", () =>
    expect(refusal(undefined, releaseAfter.first(empty, sample(1)))).toContain("make migrate VERSION=1.1.0"));
  it("refuses a later serial where nothing is published", () =>
    expect(refusal(undefined, one)).toMatch(/`release.serial` is 3, but nothing is published.*allowed is 0/));
  it("refuses serial 0 with a release in it", () =>
    expect(refusal(undefined, { ...one, serial: 0 })).toMatch(/Serial 0 is the beginning/));
  it("refuses open traffic before the first smoke", () => {
    const first = releaseAfter.first(releaseAfter.migrate(empty, migrationOf(1)), sample(1));
    expect(refusal(first, releaseAfter.open(first), facts())).toContain("not validated as things are");
  });
  it("refuses a first release whose traffic is open at once", () => {
    const migrated = releaseAfter.migrate(empty, migrationOf(1));
    expect(refusal(migrated, { ...releaseAfter.first(migrated, sample(1)), traffic: "open" })).toContain(
      "not one step",
    );
  });
  it("lets a first release that fails its smoke be replaced where it is", () => {
    const migrated = releaseAfter.migrate(empty, migrationOf(1));
    const first = releaseAfter.first(migrated, sample(1));
    legal(first, releaseAfter.first(first, sample(2, "r1")), facts(), "first");
    expect(
      refusal(
        first,
        releaseAfter.first(first, sample(2, "r1")),
        facts({ knownGood: new Set([digestOf(1)]) }),
      ),
    ).toContain("live slot");
  });
});

describe("the steps of a deploy", () => {
  it("are migrate, load, canary, promote, validate, one after the other", () => {
    legal(one, migrated, facts(), "migrate");
    legal(migrated, loaded, facts(), "load");
    legal(loaded, canary, facts(), "canary");
    legal(canary, promoted, facts({ verdict }), "promote");
    legal(promoted, two, facts(), "validate");
  });
  it("refuses a leap of the serial", () =>
    expect(refusal(one, { ...migrated, serial: 9 })).toMatch(/`release.serial` is 9; allowed is 4/));
  it("refuses a serial alone", () => expect(refusal(one, edit(one, {}))).toContain("nothing else changed"));
  it("refuses migration and slots together", () =>
    expect(refusal(one, edit(loaded, { serial: one.serial + 1 }))).toMatch(
      /not one step: `release.migration`, `release.slots.green`/,
    ));
  it("refuses load and canary together", () =>
    expect(refusal(migrated, edit(canary, { serial: migrated.serial + 1 }))).toMatch(/canaryWeight/));
  it("refuses a migration back to the revision that the live release needs", () => {
    expect(refusal(migrated, releaseAfter.migrate(migrated, migrationOf(1)))).toContain(
      "make downgrade REVISION=r1",
    );
  });
  it("refuses another image in the live slot", () =>
    expect(refusal(one, edit(one, { slots: { blue: sample(3) } }))).toContain("live slot"));
  it("refuses another image in a slot with canary traffic", () =>
    expect(refusal(canary, releaseAfter.load(canary, sample(3, "r2")))).toContain(
      "its image may not change",
    ));
  it("refuses the live digest in the other slot", () =>
    expect(refusal(one, releaseAfter.load(one, sample(1)))).toContain("serves already"));
  it("refuses a release whose revision the database has not reached, unless overridden for this serial", () => {
    expect(refusal(one, releaseAfter.load(one, sample(2)), facts())).toContain("needs revision `r2`");
    const override = { check: "gate, revision", actor: "ada", reason: "proven", serial: one.serial + 1 };
    legal(one, releaseAfter.load(one, sample(2)), facts({ override }), "load");
    expect(
      refusal(
        one,
        releaseAfter.load(one, sample(2)),
        facts({ override: { ...override, serial: one.serial } }),
      ),
    ).toContain("r2");
    expect(
      refusal(one, releaseAfter.load(one, sample(2)), facts({ override: { ...override, reason: "" } })),
    ).toContain("r2");
  });
  it("refuses a change of the canary's weight other than 0 to 1..10 and back to 0", () =>
    expect(refusal(canary, edit(canary, { canaryWeight: 5 }))).toContain("from 10 to 5"));
  it("refuses a canary while traffic is paused", () => {
    const paused = releaseAfter.pause(loaded);
    expect(refusal(paused, releaseAfter.canary(paused))).toContain("make open");
  });
});

describe("a promotion", () => {
  const wrong = { ...verdict, verdict: "hold" };
  it.each([
    ["no verdict", {}],
    ["a verdict that is not promote", { verdict: wrong }],
    ["a verdict for another digest", { verdict: { ...verdict, digest: digestOf(1) } }],
    ["a verdict from under another serial", { verdict: { ...verdict, serial: canary.serial - 1 } }],
    [
      "an override of another check",
      { override: { check: "smoke", actor: "a", reason: "b", serial: promoted.serial } },
    ],
  ])("is refused with %s", (_, given) =>
    expect(refusal(canary, promoted, facts(given))).toContain("verdict `promote`"),
  );
  it("needs staging's validation besides, where this stack requires it", () => {
    const strict = facts({ verdict, requiresStaging: true, stagingValidated: digestOf(1) });
    expect(refusal(canary, promoted, strict)).toContain("STACK=staging");
    legal(canary, promoted, { ...strict, stagingValidated: digestOf(2) }, "promote");
  });
  it("goes without a verdict for a known good digest, or with a named override", () => {
    legal(canary, promoted, good, "promote");
    legal(
      canary,
      promoted,
      facts({ override: { check: "gate", actor: "a", reason: "quiet night", serial: promoted.serial } }),
      "promote",
    );
  });
  it("from weight 0 is refused unless the digest is known good", () => {
    const leap = edit(loaded, { live: "green" });
    expect(refusal(loaded, leap, facts({ verdict: { ...verdict, serial: loaded.serial } }))).toContain(
      "not known good",
    );
    legal(loaded, leap, good, "promote");
  });
  it("of nothing into an empty slot is refused", () =>
    expect(refusal(one, edit(one, { live: "green", traffic: "open" }))).toContain("empty"));
});

describe("A4: what staging did not validate", () => {
  const strict = facts({ requiresStaging: true, stagingValidated: "" });
  it("comes neither into a slot nor gets traffic", () => {
    expect(refusal(migrated, loaded, strict)).toContain("has validated nothing");
    expect(refusal(loaded, canary, strict)).toContain("STACK=staging");
  });
  it("does with staging's validation, known good, or overridden", () => {
    legal(migrated, loaded, { ...strict, stagingValidated: digestOf(2) }, "load");
    legal(migrated, loaded, { ...strict, knownGood: new Set([digestOf(2)]) }, "load");
    const override = { check: "staging-validated", actor: "a", reason: "b", serial: loaded.serial };
    legal(migrated, loaded, { ...strict, override }, "load");
  });
  it("is not even the first release", () => {
    const migrated = releaseAfter.migrate(emptyRelease(), migrationOf(1));
    expect(refusal(migrated, releaseAfter.first(migrated, sample(1)), strict)).toContain("STACK=staging");
  });
});

describe("a refused digest", () => {
  const refusing = (n: number) =>
    facts({ refused: new Set([digestOf(n)]), knownGood: new Set([digestOf(1), digestOf(2)]), verdict });
  it("is neither loaded, nor a canary, nor promoted, nor rolled back to, though it was known good", () => {
    expect(refusal(migrated, loaded, refusing(2))).toContain("never gets traffic");
    expect(refusal(loaded, canary, refusing(2))).toContain("10 % of the traffic");
    expect(refusal(canary, promoted, refusing(2))).toContain("100 % of the traffic");
    expect(refusal(two, releaseAfter.rollback(two, "blue"), refusing(1))).toContain("not known good");
  });
  it("may be rolled back and paused", () => {
    legal(canary, releaseAfter.rollback(canary, canary.live), refusing(2), "rollback");
    legal(canary, releaseAfter.pause(canary), refusing(2), "pause");
    legal(two, releaseAfter.rollback(two, "blue"), refusing(2), "rollback");
  });
  it("stops every step that would keep its traffic", () =>
    expect(refusal(two, releaseAfter.emptyIdle(two), refusing(2))).toContain("refused on this stack"));
});

describe("validate, pause, open, empty-idle", () => {
  it("validate takes the live digest only, and no canary beside it", () => {
    expect(refusal(promoted, edit(promoted, { validated: digestOf(3) }))).toContain(
      "allowed is the live digest",
    );
    const unvalidated = edit(canary, { validated: undefined });
    expect(refusal(unvalidated, releaseAfter.validate(unvalidated))).toContain(
      "nothing is validated meanwhile",
    );
  });
  it("pause and open change traffic only", () => {
    const paused = releaseAfter.pause(two);
    legal(two, paused, facts(), "pause");
    legal(paused, releaseAfter.open(paused), facts(), "open");
    expect(refusal(two, edit(paused, { serial: two.serial + 1, slots: { green: sample(2) } }))).toContain(
      "not one step",
    );
  });
  it("open refuses what was validated on a schema that was taken down since, also after steps in between", () => {
    const paused = releaseAfter.pause(two);
    const down = releaseAfter.downgrade(paused, { revision: "r0" });
    legal(paused, down, facts(), "downgrade");
    const emptied = releaseAfter.emptyIdle(down);
    legal(down, emptied, facts(), "empty-idle");
    expect(refusal(emptied, releaseAfter.open(emptied), good)).toContain("not validated as things are");
    const kept = { ...down, validated: paused.validated };
    expect(refusal(paused, kept, facts())).toContain("alone cannot change like this");
  });
  it("open refuses a live release that is not validated, unless smoke is overridden", () => {
    const paused = releaseAfter.pause(promoted);
    expect(refusal(paused, releaseAfter.open(paused), facts())).toContain("not validated as things are");
    legal(
      paused,
      releaseAfter.open(paused),
      facts({ override: { check: "smoke", actor: "a", reason: "b", serial: paused.serial + 1 } }),
      "open",
    );
  });
  it("empty-idle empties the idle slot, unless it has a canary's traffic", () => {
    legal(two, releaseAfter.emptyIdle(two), facts(), "empty-idle");
    expect(refusal(canary, releaseAfter.emptyIdle(canary))).toContain("may not be emptied");
    expect(refusal(two, edit(two, { slots: { blue: two.slots.blue } }))).toContain("live slot");
  });
});

describe("a rollback", () => {
  it("moves everything to a known good slot and clears validated, from weight 0 and from a canary", () => {
    legal(two, releaseAfter.rollback(two, "blue"), good, "rollback");
    legal(promoted, releaseAfter.rollback(promoted, "blue"), facts(), "rollback");
    legal(canary, releaseAfter.rollback(canary, canary.live), facts(), "rollback");
  });
  it("is refused to a release that was never validated", () =>
    expect(refusal(two, releaseAfter.rollback(two, "blue"), facts())).toContain("not known good"));
  it("may pause, but not open", () => {
    legal(two, releaseAfter.rollback(two, "blue", { pause: true }), good, "rollback");
    const paused = releaseAfter.pause(two);
    expect(
      refusal(paused, edit(releaseAfter.rollback(two, "blue"), { serial: paused.serial + 1 })),
    ).toContain("not one step");
  });
  it("does not re-image a slot", () =>
    expect(
      refusal(two, { ...releaseAfter.rollback(two, "blue"), slots: { ...two.slots, blue: sample(3) } }),
    ).toContain("not one step"));
  it("leaves no canary behind", () =>
    expect(refusal(two, { ...releaseAfter.rollback(two, "blue"), canaryWeight: 5 })).toContain(
      "after a rollback it is 0",
    ));
});

describe("a downgrade", () => {
  const paused = releaseAfter.rollback(two, "blue", { pause: true });
  const down = releaseAfter.downgrade(paused, { revision: "r1" });
  it("goes alone, with traffic paused", () => legal(paused, down, facts(), "downgrade"));
  it("is refused while traffic is open", () =>
    expect(refusal(two, releaseAfter.downgrade(two, { revision: "r1" }))).toContain("while it is paused"));
  it.each([
    [
      "from another revision than the database's",
      { revision: "r1", image: sample(2).image, downgradeFrom: "r9" },
      "allowed is the revision that the database is at, `r2`",
    ],
    [
      "to where the database is",
      { revision: "r2", image: sample(2).image, downgradeFrom: "r2" },
      "is already",
    ],
    ["with another image", { revision: "r1", image: sample(1).image, downgradeFrom: "r2" }, "newest image"],
  ])("%s is refused", (_, migration, reason) =>
    expect(refusal(paused, edit(paused, { migration }))).toContain(reason),
  );
  it("is dropped from the file by the next step, which may validate and open", () => {
    const opened = releaseAfter.validate(down);
    expect(opened.migration).toEqual({ revision: "r1", image: sample(2).image });
    legal(down, opened, good, "validate");
    expect(refusal(down, { ...opened, migration: down.migration })).toContain("downgradeFrom");
  });
  it("lets nothing open that needs what was taken down", () => {
    const still = releaseAfter.downgrade(releaseAfter.pause(two), { revision: "r1" });
    expect(refusal(still, releaseAfter.open(still), good)).toContain("just taken down");
  });
});
