import { describe, expect, it } from "vitest";
import type { Release } from "../../../decisions/stack/config";
import { deployPlan, type DeployPlan } from "../../../decisions/deploy/deployPlan";
import { emptyRelease, releaseAfter } from "../../../decisions/release/nextRelease";
import { transition } from "../../../decisions/release/transition";
import { after, deployed, digestOf, facts, migrationOf, record, sample, served } from "../samples";

const one = served();
const none = new Set<string>();
const names = (result: DeployPlan) =>
  result.kind === "steps" ? result.steps.map((step) => step.step) : result.kind;
const of = (current: Release, n: number, knownGood: ReadonlySet<string> = none, revision?: string) =>
  deployPlan({ current, record: record(n, revision), knownGood });

/** Follows the steps with the rules of transition, with a verdict where one is asked for. */
function carriedOut(result: DeployPlan, from: Release): Release {
  if (result.kind !== "steps") return from;
  return result.steps.reduce((at, step) => {
    const verdict = step.gateBefore
      ? { digest: digestOf(2), verdict: "promote", serial: at.serial }
      : undefined;
    expect(transition(at, step.release, facts({ ...(verdict && { verdict }) }))).toEqual({
      ok: true,
      step: step.step,
    });
    return step.release;
  }, from);
}

describe("the plan of a deploy", () => {
  it("of a first release: migrate, first, validate, which opens", () => {
    const result = of(emptyRelease(), 1);
    expect(names(result)).toEqual(["migrate", "first", "validate"]);
    expect(carriedOut(result, emptyRelease())).toEqual(one);
  });
  it("of a first release, where a person loaded another one into the idle slot before", () => {
    const migrated = releaseAfter.migrate(emptyRelease(), migrationOf(2));
    const loaded = releaseAfter.load(migrated, sample(2));
    const result = of(loaded, 1);
    expect(names(result)).toEqual(["migrate", "first", "validate"]);
    expect(carriedOut(result, loaded).validated).toBe(digestOf(1));
  });
  it("of a second release: migrate, load, canary after smoke, promote after the gate, validate after smoke", () => {
    const result = of(one, 2);
    expect(names(result)).toEqual(["migrate", "load", "canary", "promote", "validate"]);
    expect(result).toMatchObject({
      steps: [{}, {}, { smokeBefore: "green" }, { gateBefore: true }, { smokeBefore: "green" }],
    });
    expect(carriedOut(result, one)).toEqual(after(one, 2));
  });
  it("leaves out the migration where the live release needs the same revision", () =>
    expect(names(of(one, 2, none, "r1"))).toEqual(["load", "canary", "promote", "validate"]));
  it("from every state that a killed deploy left gives the rest, and ends the same", () => {
    const starts = [
      emptyRelease(),
      releaseAfter.migrate(emptyRelease(), migrationOf(1)),
      releaseAfter.first(releaseAfter.migrate(emptyRelease(), migrationOf(1)), sample(1)),
    ];
    for (const [index, start] of starts.entries()) {
      expect(names(of(start, 1))).toEqual(["migrate", "first", "validate"].slice(index));
      expect(carriedOut(of(start, 1), start)).toEqual(one);
    }
    for (const [index, start] of [one, ...deployed(one, 2).toReversed()].entries()) {
      const rest = ["migrate", "load", "canary", "promote", "validate"].slice(index);
      expect(names(of(start, 2))).toEqual(rest.length > 0 ? rest : "nothing");
      expect(carriedOut(of(start, 2), start)).toEqual(after(one, 2));
    }
  });
  it("of what is live and validated is nothing to do, and says so when traffic is paused", () => {
    expect(of(one, 1)).toEqual({ kind: "nothing", why: "1.1.0 is live and validated already." });
    expect(of(releaseAfter.pause(one), 1)).toEqual({
      kind: "nothing",
      why: "1.1.0 is live and validated already; traffic is paused, `make open` opens it.",
    });
  });
  it("of a known good version that is not live is a rollback", () => {
    const good = new Set([digestOf(1), digestOf(2)]);
    expect(of(after(one, 2), 1, good)).toMatchObject({ kind: "rollback", version: "1.1.0" });
  });
  it("is blocked while another version is half way in the canary, and says both ways out", () => {
    const canary = deployed(one, 2)[2] as Release;
    expect(of(canary, 3)).toMatchObject({
      kind: "blocked",
      next: [
        { command: "deploy", variables: { VERSION: "1.2.0" } },
        { command: "rollback", variables: { VERSION: "1.1.0" } },
      ],
    });
  });
  it("is blocked while another version is live and not validated", () => {
    const promoted = deployed(one, 2)[1] as Release;
    expect(of(promoted, 3)).toMatchObject({
      kind: "blocked",
      next: [
        { command: "deploy", variables: { VERSION: "1.2.0" } },
        { command: "rollback", variables: { VERSION: "<known good>" } },
      ],
    });
    const back = releaseAfter.rollback(promoted, "blue");
    expect(of(back, 3, new Set([digestOf(1)]))).toMatchObject({
      kind: "blocked",
      next: [{ command: "rollback", variables: { VERSION: "1.1.0" } }],
    });
  });
  it("is blocked while traffic is paused", () =>
    expect(of(releaseAfter.pause(one), 2)).toMatchObject({ kind: "blocked", next: [{ command: "open" }] }));
  it("replaces a loaded release that never had traffic", () => {
    const loaded = deployed(one, 2)[3] as Release;
    expect(names(of(loaded, 3))).toEqual(["migrate", "load", "canary", "promote", "validate"]);
  });
  it("replaces a first release that never passed its smoke", () => {
    const first = releaseAfter.first(releaseAfter.migrate(emptyRelease(), migrationOf(1)), sample(1));
    const result = of(first, 2, none, "r1");
    expect(names(result)).toEqual(["first", "validate"]);
    expect(carriedOut(result, first)).toMatchObject({
      validated: digestOf(2),
      slots: { blue: { version: "1.2.0" } },
    });
  });
});
