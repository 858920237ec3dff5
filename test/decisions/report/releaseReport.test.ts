import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readParameters } from "../../../decisions/stack/parameters";
import { burnOf, growth, shares, stepFor, type TrafficSeries } from "../../../decisions/report/trafficSeries";
import { timeRangeOf, buildReport } from "../../../decisions/report/releaseReport";
import type { ReportInput, Subject } from "../../../decisions/report/reportInput";
import { updateRangeOf, updatesOf } from "../../../decisions/report/updates";
import { digestOf } from "../samples";
import { releaseTakenBack } from "./releaseHistory";

const report = (subject: Subject, more: Partial<ReportInput> = {}) =>
  buildReport({
    stack: "prod",
    zone: "Africa/Cairo",
    range: timeRangeOf(subject, releaseTakenBack(), Date.now())!,
    slo: { objective: 99.9, windowDays: 30, latencyMs: 500 },
    series: { unknown: "The metrics are unknown: nobody answers" },
    service: { unknown: "The budget is unknown" },
    published: readParameters("prod", new Map()),
    events: { unknown: "The audit trail is unknown: the database is down" },
    proofs: [],
    ...more,
  });

describe("the updates of a release", () => {
  it("begins with its deploy, has the rollback that took it back, and ends before the next release", () => {
    const { updates, before } = updateRangeOf(updatesOf(releaseTakenBack()), "1.2.0")!;
    expect(updates.map(({ line }) => line)).toEqual([
      ...[0, 1, 2, 3, 4].map((step) => `deploy 1.2.0: step ${step}`),
      "rollback 1.1.0: rollback",
      "rollback 1.1.0: validate",
    ]);
    expect(before?.line).toBe("deploy 1.1.0: validate");
  });
  it("is undefined for a version that history never had", () =>
    expect(updateRangeOf(updatesOf(releaseTakenBack()), "9.9.9")).toBeUndefined());
});

describe("a report", () => {
  it("says that a release was rolled back, and what took its place", () => {
    const { verdict } = report({ version: "1.2.0" });
    expect(verdict).toMatchObject({ tone: "bad", word: "Taken back" });
    expect(verdict.sentence).toContain("1.1.0 took its place");
  });
  it("names why an image is refused where the parameters say so", () => {
    const refusal = { digest: digestOf(2), reason: "it is slow", actor: "ada", at: "2026-11-24T10:00:00Z" };
    const path = `/deployment-safety/prod/refused/${digestOf(2).replace("sha256:", "")}`;
    const published = readParameters("prod", new Map([[path, JSON.stringify(refusal)]]));
    const { verdict, evidence } = report({ version: "1.2.0" }, { published });
    expect(verdict.sentence).toContain("it is slow");
    expect(evidence.lines.some(({ what }) => what === "Refused")).toBe(true);
  });
  it("says what is unknown and why, and draws what config gave where nobody counted requests", () => {
    const { unknown, shares: drawn, kpis } = report({ version: "1.2.0" });
    expect(unknown).toHaveLength(3);
    expect(unknown.join()).toContain("the database is down");
    expect(drawn.measured).toBe(false);
    expect(drawn.points.some(({ percent }) => percent === 10)).toBe(true);
    expect(kpis).toContainEqual({ label: "Requests", value: "unknown" });
  });
  it("tells an incident's times from its entries", () => {
    const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 0, minute)).toISOString();
    const entries = [
      { at: at(1), state: "opened" },
      { at: at(4), state: "mitigated" },
    ];
    const { kpis, verdict } = report({ incident: "INC-1", title: "slow grades", entries });
    expect(kpis).toContainEqual({ label: "Time to mitigate", value: "3 min 0 s" });
    expect(kpis).toContainEqual({ label: "Time to resolve", value: "not yet" });
    expect(verdict.word).toBe("Mitigated");
  });
  it("of an incident that goes on begins before it was noticed, reaches to now, and is told by its state, not by its last note", () => {
    const noticed = Date.UTC(2026, 10, 24, 0, 1);
    const now = noticed + 1_200_000;
    const at = new Date(noticed).toISOString();
    const subject = {
      incident: "INC-1",
      title: "slow grades",
      entries: [
        { at, state: "opened" },
        { at, state: "told" },
      ],
    };
    const range = timeRangeOf(subject, [], now)!;
    expect(range).toMatchObject({ from: noticed - 600_000, to: now });
    expect(report(subject, { range }).verdict).toMatchObject({ word: "Opened", tone: "bad" });
    const over = {
      ...subject,
      entries: [...subject.entries, { at, state: "resolved" }, { at, state: "note" }],
    };
    expect(timeRangeOf(over, [], now)!.to).toBeLessThan(now);
    expect(report(over, { range: timeRangeOf(over, [], now)! }).verdict).toMatchObject({
      word: "Resolved",
      tone: "good",
    });
  });
  it("masks a secret in its config diff", () => {
    const entries = releaseTakenBack();
    const secret = entries.map((one, index) => ({
      ...one,
      config: {
        ...one.config,
        "aws:secretKey": index > 2 ? { value: "before" } : { value: "hunter2", secret: true },
      },
    }));
    const range = timeRangeOf({ version: "1.2.0" }, secret, Date.now())!;
    const text = JSON.stringify(report({ version: "1.2.0" }, { range }).changes);
    expect(text).toContain("[secret]");
    expect(text).not.toContain("hunter2");
  });
});

describe("a traffic series", () => {
  it("counts what a counter had that was born after the beginning, and what one had that began anew", () => {
    const of = (values: [number, number][]) => growth(values, 10).reduce((sum, { grew }) => sum + grew, 0);
    expect(
      of([
        [10, 100],
        [11, 103],
      ]),
    ).toBe(3);
    expect(
      of([
        [12, 5],
        [13, 6],
      ]),
    ).toBe(6);
    expect(
      of([
        [10, 100],
        [11, 4],
      ]),
    ).toBe(4);
  });
  it("never has a counter fall, whatever it read", () =>
    fc.assert(
      fc.property(fc.array(fc.nat()), (values) =>
        growth(
          values.map((value, index) => [index, value] as const),
          0,
        ).every(({ grew }) => grew >= 0),
      ),
    ));
  it("never takes more steps than a picture has use for", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 60 }), (length, least) => {
        const step = stepFor(0, length, least);
        return step % least === 0 && length / 1000 / step <= 160;
      }),
    ));
  const series: TrafficSeries = {
    stepSeconds: 60,
    steps: [1, 2, 3].flatMap((minute) => [
      { at: minute * 60_000, slot: "blue" as const, requests: 90, errors: 0 },
      { at: minute * 60_000, slot: "green" as const, requests: 10, errors: minute },
    ]),
  };
  it("shares each step's requests between the slots", () =>
    expect(shares(series)[1]).toEqual({ at: 60_000, slot: "green", percent: 10 }));
  it("adds up what was spent of the error budget, and leaves it out where the budget is unknown", () => {
    const slo = { objective: 99.9, windowDays: 30 };
    const burn = burnOf(series, slo, { requests: 100_000, errors: 0 });
    expect(burn.map(({ spent }) => spent)).toEqual(
      [0.01, 0.03, 0.06].map((part) => expect.closeTo(part) as number),
    );
    expect(burn.at(-1)?.burn).toBeCloseTo(20);
    expect(burnOf(series, slo, undefined)[0]).not.toHaveProperty("spent");
  });
});
