import { describe, expect, it } from "vitest";
import { parse } from "../../../decisions/stack/config";
import { served, written } from "../samples";

const one = served();
const faults = (more: Record<string, unknown>) => {
  const parsed = parse(written(one, more));
  return parsed.ok ? [] : parsed.issues.map((fault) => `${fault.path}: ${fault.message}`);
};
const release = (more: Record<string, unknown>) => faults({ release: { ...one, ...more } });

describe("the config", () => {
  it("is parsed with its defaults", () => {
    const parsed = parse(written(one));
    expect(parsed).toMatchObject({
      ok: true,
      settings: { network: { rulePriority: 100 }, database: { migrationSeconds: 600 }, heldFlags: {} },
    });
  });
  it.each<[string, string[], RegExp]>([
    [
      "a weight of 11",
      release({ canaryWeight: 11, slots: { ...one.slots, green: one.slots.blue } }),
      /^release.canaryWeight: must be 0 to 10.*given: 11/,
    ],
    [
      "a weight without a canary",
      release({ canaryWeight: 10 }),
      /^release.canaryWeight: is 10 but slot green is empty/,
    ],
    ["an open empty live slot", release({ slots: {} }), /^release.live: is blue but that slot is empty/],
    [
      "a tag instead of a digest",
      release({ slots: { blue: { ...one.slots.blue, image: "example.com/school:1.1.0" } } }),
      /^release.slots.blue.image: must name an image by digest.*school:1.1.0/,
    ],
    [
      "a revision that became a number",
      release({ migration: { ...one.migration, revision: 20261124 } }),
      /^release.migration.revision: must be a quoted string.*given: 20261124/,
    ],
    ["an unknown key", release({ canaryWieght: 5 }), /^release.canaryWieght: is not a known key/],
    ["a wrong type", release({ serial: "3" }), /^release.serial: .*expected number.*given: "3"/],
    ["a missing key", faults({ slo: undefined }), /^slo: is missing/],
    ["an unknown top-level key", faults({ sizzing: {} }), /^sizzing: is not a known key/],
    [
      "backups kept too short",
      faults({ backups: { retentionDays: 3 } }),
      /^backups.retentionDays: must be at least 7 days.*given: 3/,
    ],
    [
      "a gate that ends before it may judge",
      faults({
        gate: { holdSeconds: 60, deadlineSeconds: 30, minRequests: 1, falseRollback: 0.01, bakeMinutes: 0 },
      }),
      /^gate.deadlineSeconds: is 30.*at least holdSeconds, 60/,
    ],
    [
      "a canary that would take half of the jobs",
      faults({ sizing: { web: { replicas: 3 }, workers: { replicas: 1 } } }),
      /^sizing.workers.canary: is 1 beside 1.*50 % of the jobs.*maxCanaryShare, 34 %/,
    ],
    [
      "a canary that ends before CloudWatch tells of it",
      faults({
        gate: { holdSeconds: 15, deadlineSeconds: 239, minRequests: 1, falseRollback: 0.01, bakeMinutes: 0 },
        metrics: { source: "cloudwatch" },
      }),
      /^gate.deadlineSeconds: is 239, before CloudWatch.*settleSeconds, 240/,
    ],
    [
      "a label that Prometheus cannot have",
      faults({ metrics: { source: "prometheus", url: "http://a", labels: { "a-b": "c" } } }),
      /^metrics.labels.a-b: the name must be one that Prometheus allows/,
    ],
    [
      "Prometheus without its address",
      faults({ metrics: { source: "prometheus" } }),
      /^metrics.url: is missing.*Prometheus/,
    ],
  ])("refuses %s, naming the key, what was given and what is allowed", (_, found, expected) => {
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });
  it("reports every fault at once", () =>
    expect(
      faults({ backups: { retentionDays: 3 }, slo: { objective: 10, windowDays: 0, latencyMs: 500 } }),
    ).toHaveLength(3));
});
