import { describe, expect, it } from "vitest";
import { hex } from "../../../decisions/release/digest";
import { parameters } from "../../../decisions/stack/names";
import { transitionFacts, readParameters } from "../../../decisions/stack/parameters";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { digestOf, served } from "../samples";

const at = "2026-11-24T12:00:00Z";
const one = served();
const values = (entries: Record<string, unknown>) =>
  new Map(
    Object.entries(entries).map(([path, value]) => [
      path,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
const all = values({
  [parameters.release("prod")]: one,
  [parameters.refused("prod", hex(digestOf(3)))]: { digest: digestOf(3), reason: "5xx", actor: "ada", at },
  [parameters.killSwitch("prod")]: { flags: "off", workers: ["blue"], reason: "incident", at },
  [parameters.lease("prod")]: {
    id: "a",
    operation: "deploy",
    actor: "ada",
    host: "h",
    pid: 1,
    since: at,
    heartbeat: at,
  },
  [parameters.evidence("prod", "verdict", "3")]: {
    digest: digestOf(2),
    verdict: "promote",
    at,
    figures: { requests: 900 },
  },
  [parameters.evidence("prod", "override", "4")]: { check: "gate", actor: "ada", reason: "quiet night", at },
  [parameters.evidence("prod", "validated", hex(digestOf(1)))]: {
    digest: digestOf(1),
    version: "1.1.0",
    serial: 3,
    at,
  },
  [parameters.flag("prod", "gradebook-v2")]: "not even JSON, and nothing that is decided on",
  "/deployment-safety/staging/release": "of another stack",
});

describe("readParameters", () => {
  it("of an empty path is a first run, not an error", () =>
    expect(readParameters("prod", new Map())).toEqual({
      refused: new Map(),
      notices: new Map(),
      held: new Map(),
      holdReleases: new Map(),
      verdicts: new Map(),
      overrides: new Map(),
      drills: {},
      validated: new Set(),
      downgrades: new Map(),
    }));
  it("reads every kind, and nothing of another stack", () => {
    const read = readParameters("prod", all);
    expect(read.release).toEqual(one);
    expect([...read.refused.keys()]).toEqual([digestOf(3)]);
    expect(read.killSwitch?.workers).toEqual(["blue"]);
    expect(read.lease?.id).toBe("a");
    expect(read.verdicts.get(3)?.verdict).toBe("promote");
    expect(read.overrides.get(4)?.check).toBe("gate");
    expect([...read.validated]).toEqual([digestOf(1)]);
  });
  it("takes the recovery point that commands write, and none beside it", () => {
    const read = readParameters(
      "prod",
      values({
        [parameters.evidence("prod", "recovery-point", "last")]: { at },
        [parameters.evidence("prod", "recovery-point", "newest")]: { at: "2026-11-25T12:00:00Z" },
      }),
    );
    expect(read.recoveryPoint).toBe(at);
  });
  it("names every path that it cannot read, all at once", () => {
    const broken = values({
      [parameters.release("prod")]: "{",
      [parameters.lease("prod")]: { id: 7 },
      [parameters.evidence("prod", "verdict", "soon")]: { digest: "x", verdict: "promote", at },
    });
    expect(() => readParameters("prod", broken)).toThrow(
      /prod\/release: is not JSON[\s\S]*prod\/lease: `id`[\s\S]*verdict\/soon: must end with the serial/,
    );
  });
});

describe("factsFor", () => {
  const published = readParameters("prod", all);
  it("takes the verdict given under the published serial and the override for the next one", () => {
    const facts = transitionFacts(published, releaseAfter.pause(one), {
      requiresStaging: true,
      stagingValidated: "",
    });
    expect(facts).toMatchObject({
      verdict: { digest: digestOf(2), verdict: "promote", serial: 3 },
      override: { check: "gate", serial: 4 },
      requiresStaging: true,
      knownGood: new Set([digestOf(1)]),
      refused: new Set([digestOf(3)]),
    });
  });
  it("has neither for any other serial", () => {
    const facts = transitionFacts(
      { ...published, release: releaseAfter.pause(one) },
      releaseAfter.open(releaseAfter.pause(one)),
      {
        requiresStaging: false,
      },
    );
    expect(facts).not.toHaveProperty("verdict");
    expect(facts).not.toHaveProperty("override");
  });
});
