import { describe, expect, it } from "vitest";
import { checklist, type ChecklistFacts } from "../../../decisions/deploy/checklist";
import { emptyRelease } from "../../../decisions/release/nextRelease";
import { thrifty } from "../gate/samples";
import { digestOf, provedRevision, record, sample, served } from "../samples";

const sound: ChecklistFacts = {
  version: "1.2.0",
  record: record(2),
  current: served(),
  requiresStaging: true,
  stagingValidated: digestOf(2),
  knownGood: new Set(),
  refused: new Map(),
  liveWeights: { blue: 100, green: 0 },
  alarms: [
    { name: "school-prod-blue-5xx", state: "OK" },
    { name: "school-prod-green-5xx", state: "INSUFFICIENT_DATA" },
  ],
  service: thrifty,
  slo: { objective: 99.9, windowDays: 30 },
  otherLease: null,
  recovery: {
    stack: "prod",
    now: new Date("2026-11-24T22:00:00Z"),
    drills: {},
    since: "2026-11-01T00:00:00Z",
  },
  revisions: {
    pending: [],
    needed: provedRevision("r2"),
    seeds: "a".repeat(64),
    requiresStaging: true,
    hashes: new Map(),
  },
};
const spent = { requests: 1000, errors: 900 };
const failing = (change: Partial<ChecklistFacts>) =>
  checklist({ ...sound, ...change })
    .filter((check) => !check.ok)
    .map((check) => [check.id, check.detail]);
const lease = {
  id: "a",
  operation: "deploy",
  actor: "ada",
  host: "h",
  pid: 1,
  since: "12:00",
  heartbeat: "12:00",
};

describe("the checklist", () => {
  it("passes when everything is known and in order", () => {
    expect(failing({})).toEqual([]);
    expect(checklist(sound).map((check) => check.id)).toEqual([
      "lease-free",
      "release-record",
      "staging-validated",
      "not-refused",
      "live-weights",
      "release-alarms",
      "budget",
      "recovery-drill",
      "revisions-reviewed",
      "seeds-current",
      "downgrades-proved",
      "downgraded-in-staging",
    ]);
  });
  it.each<[string, Partial<ChecklistFacts>, string[][]]>([
    [
      "a quarter without a drill",
      {
        recovery: {
          stack: "prod",
          now: new Date("2027-02-03T00:00:00Z"),
          drills: {},
          since: "2026-11-01T00:00:00Z",
        },
      },
      [["recovery-drill", "never drilled since the first update on 2026-11-01"]],
    ],
    [
      "drills that could not be read",
      { recovery: undefined },
      [["recovery-drill", "the drills could not be read"]],
    ],
    [
      "somebody else's lease",
      { otherLease: lease },
      [["lease-free", "held: deploy by ada on h (process 1) since 12:00"]],
    ],
    [
      "a version that staging did not validate",
      { stagingValidated: "" },
      [["staging-validated", `staging validated nothing, this is ${digestOf(2)}`]],
    ],
    [
      "a refused digest",
      { refused: new Map([[digestOf(2), { reason: "5xx", actor: "ada", at: "noon" }]]) },
      [["not-refused", "refused by ada at noon: 5xx"]],
    ],
    [
      "a digest that an incident refused",
      { refused: new Map([[digestOf(2), { reason: "5xx", actor: "ada", at: "noon", incident: "inc-7" }]]) },
      [["not-refused", "refused by ada at noon for incident inc-7: 5xx"]],
    ],
    [
      "weights that differ from config",
      { liveWeights: { blue: 90, green: 10 } },
      [["live-weights", "the rule has blue 90, green 10, config says blue 100, green 0"]],
    ],
    [
      "a firing alarm",
      { alarms: [{ name: "school-prod-blue-5xx", state: "ALARM" }] },
      [["release-alarms", "firing: school-prod-blue-5xx"]],
    ],
    [
      "an error budget that is spent",
      { service: { ...thrifty, budget: spent } },
      [["budget", "no error budget is left: 900 of 1000 requests failed in 30 days, 99.9 % must succeed"]],
    ],
    [
      "a tag that names another image than before",
      { version: "1.1.0", record: { ...record(2), version: "1.1.0" } },
      [["release-record", `a slot runs 1.1.0 as ${digestOf(1)}, the record says 1.1.0 is ${digestOf(2)}`]],
    ],
  ])("fails on %s, and only there", (_, change, expected) => expect(failing(change)).toEqual(expected));
  it("takes whatever is not known for not ok", () => {
    const unknown = {
      refused: undefined,
      liveWeights: undefined,
      alarms: undefined,
      service: undefined,
      otherLease: undefined,
      stagingValidated: undefined,
    };
    expect(failing(unknown).map(([id]) => id)).toEqual([
      "lease-free",
      "staging-validated",
      "not-refused",
      "live-weights",
      "release-alarms",
      "budget",
    ]);
    expect(failing({ record: undefined }).map(([id]) => id)).toEqual([
      "release-record",
      "staging-validated",
      "not-refused",
    ]);
  });
  it("says what to do wherever it fails, and what a person may override", () => {
    const checks = checklist({
      ...sound,
      record: undefined,
      alarms: undefined,
      refused: undefined,
      liveWeights: undefined,
      otherLease: undefined,
    });
    expect(checks.every((check) => check.ok || (check.next ?? "").length > 10)).toBe(true);
    expect(checks.filter((check) => check.overridable).map((check) => check.id)).toEqual([
      "staging-validated",
      "live-weights",
      "release-alarms",
      "budget",
      "recovery-drill",
    ]);
  });
  it("names the stage before as config does", () => {
    const check = checklist({ ...sound, promotedFrom: "preprod", stagingValidated: "" }).find(
      ({ ok }) => !ok,
    );
    expect(check?.detail).toContain("preprod validated nothing");
    expect(check?.next).toContain("STACK=preprod");
  });
  it("asks no other stage on the first one, and no rule before anything is published", () => {
    expect(failing({ requiresStaging: false, stagingValidated: undefined })).toEqual([]);
    expect(failing({ current: emptyRelease(), liveWeights: undefined, service: "unknown" })).toEqual([]);
  });
  it("needs no staging for what is known good here", () =>
    expect(failing({ stagingValidated: "", knownGood: new Set([digestOf(2)]) })).toEqual([]));
  it("takes a slot that holds the version with its digest for what it is", () => {
    const current = { ...served(), slots: { blue: sample(1), green: sample(2) } };
    expect(failing({ current })).toEqual([]);
  });
});
