import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alarmPrefix } from "../../../decisions/alarms/alarm";
import { maxFailedPercent } from "../../../decisions/alarms/burnRateAlarms";
import { badRelease, compositeRule, releaseAlarms } from "../../../decisions/alarms/releaseAlarms";
import { fastBurns, windowSeconds } from "../../../decisions/gate/errorBudget";
import { settingsWith } from "../../components/settings";

const blue = { version: "1.0.0", image: `example.com/school@sha256:${"a".repeat(64)}`, revision: "3f2a77aa" };
const given = (more: Record<string, unknown> = {}, release: Parameters<typeof settingsWith>[0] = {}) => ({
  stack: "prod",
  settings: settingsWith({ serial: 1, traffic: "open", slots: { blue }, ...release }, more),
});
const specs = (...args: Parameters<typeof given>) => releaseAlarms(given(...args));
const metric = (key: string, ...args: Parameters<typeof given>) =>
  specs(...args).metric.find((alarm) => alarm.key === key);

/**
 * The longest that an alarm can look back, seconds: period times evaluation periods. A day for periods below an hour, seven
 * days for others (CloudWatch API reference, PutMetricAlarm, Period).
 */
const longestLook = (period: number): number => (period < 3_600 ? 86_400 : 604_800);

const anyConfig = fc.record({
  slo: fc.record({
    objective: fc.double({ min: 90, max: 99.999, noNaN: true }),
    windowDays: fc.integer({ min: 1, max: 90 }),
    latencyMs: fc.integer({ min: 1, max: 10_000 }),
  }),
  alarms: fc.record({
    maxErrorPercent: fc.double({ min: 0.01, max: 100, noNaN: true }),
    minHealthyHosts: fc.integer({ min: 1, max: 100 }),
    maxQuietMinutes: fc.integer({ min: 0, max: 1440 }),
  }),
  traffic: fc.constantFrom("open", "paused"),
});

describe("the alarms of a stack, whatever its config is", () => {
  const base = given().settings;
  const every = (check: (all: ReturnType<typeof releaseAlarms>) => void) =>
    fc.assert(
      fc.property(anyConfig, ({ slo, alarms, traffic }) => {
        const release = { ...base.release, traffic: traffic as "open" };
        const settings = { ...base, slo, alarms: { ...base.alarms, ...alarms }, release };
        check(releaseAlarms({ stack: "prod", settings }));
      }),
      { numRuns: 1000 },
    );

  it("look back no longer than CloudWatch does, over periods that it has", () =>
    every(({ metric }) => {
      for (const alarm of metric) {
        expect(alarm.period * alarm.evaluationPeriods).toBeLessThanOrEqual(longestLook(alarm.period));
        expect(alarm.period % 60).toBe(0);
        expect(alarm.datapointsToAlarm).toBeLessThanOrEqual(alarm.evaluationPeriods);
      }
    }));

  it("read at most ten metrics each, and every name in an expression is one of them", () =>
    every(({ metric }) => {
      for (const { queries, expression } of metric) {
        expect(queries.length).toBeLessThanOrEqual(10);
        const ids = queries.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(id).toMatch(/^[a-z]\w*$/);
        const used = new Set((expression ?? "").match(/\b[a-z]\w*\b/g) ?? []);
        if (expression !== undefined) expect([...used].sort()).toEqual([...ids].sort());
        else expect(ids).toHaveLength(1);
      }
    }));

  it("can ring: no share of failed requests is asked for that cannot be, and none that is no failure", () =>
    every(({ metric }) => {
      for (const alarm of metric.filter(({ key }) => key.includes("-burn-"))) {
        expect(alarm.threshold).toBeGreaterThan(0);
        expect(alarm.threshold).toBeLessThanOrEqual(100);
      }
    }));

  it("have composites that name only alarms which exist before them, in rules that CloudWatch takes", () =>
    every(({ metric, composite }) => {
      const known = new Set(metric.map(({ key }) => key));
      for (const alarm of composite) {
        for (const key of alarm.anyOf.flat()) expect(known).toContain(key);
        expect(compositeRule(alarmPrefix("a-very-long-name", "production"), alarm).length).toBeLessThan(
          10_240,
        );
        known.add(alarm.key);
      }
    }));

  it("have descriptions that CloudWatch takes, and keys of their own", () =>
    every(({ metric, composite }) => {
      const all = [...metric, ...composite];
      expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
      for (const { description } of all) expect(description.length).toBeLessThanOrEqual(1024);
    }));
});

describe("burn rates", () => {
  it("are those of the SRE Workbook over 30 days, and spend the same part of any other window", () => {
    expect(fastBurns({ windowDays: 30 }).map(({ burn }) => burn)).toEqual([14.4, 6]);
    for (const windowDays of [14, 28, 30, 90])
      for (const [index, part] of [0.02, 0.05].entries()) {
        const { burn, long } = fastBurns({ windowDays })[index] ?? { burn: 0, long: "hour" as const };
        expect((burn * windowSeconds[long]) / (windowDays * 86_400)).toBeCloseTo(part, 4);
      }
  });
  it("are never so low that keeping the objective would ring", () => {
    expect(fastBurns({ windowDays: 1 }).map(({ burn }) => burn)).toEqual([2, 2]);
  });
  it("become shares of failed requests: 1.44 % and 0.6 % for 99.9 %, and at most all of them", () => {
    expect([14.4, 6].map((burn) => maxFailedPercent(burn, 99.9))).toEqual([1.44, 0.6]);
    expect(maxFailedPercent(14.4, 90)).toBe(100);
  });
  it("ring only when the long and the short window burn, of the service and of each slot", () => {
    const rules = specs().composite.map((alarm) => [alarm.key, compositeRule("p-", alarm)]);
    expect(rules.slice(0, 3)).toEqual(
      ["service", "blue", "green"].map((who) => [
        `${who}-burn`,
        `(ALARM("p-${who}-burn-1h") AND ALARM("p-${who}-burn-5m")) OR (ALARM("p-${who}-burn-6h") AND ALARM("p-${who}-burn-30m"))`,
      ]),
    );
  });
  it("count the service over both slots, and a slot over its own target group", () => {
    expect(metric("service-burn-5m")).toMatchObject({
      period: 300,
      threshold: 1.44,
      expression:
        "IF((FILL(blueFailed, 0) + FILL(greenFailed, 0)) >= 3, 100 * (FILL(blueFailed, 0) + FILL(greenFailed, 0)) / (FILL(blueRequests, 0) + FILL(greenRequests, 0)), 0)",
    });
    expect(metric("green-burn-6h")?.queries.map(({ of }) => of)).toEqual(["green", "green"]);
  });
});

describe("the alarm that means that a release is bad", () => {
  it("is on every sign of it, and not on a night without requests", () => {
    const all = specs({ alarms: { maxQuietMinutes: 30 } });
    const bad = all.composite.at(-1);
    expect(bad?.key).toBe(badRelease);
    const rings = [...all.metric.filter(({ rings }) => rings), ...all.composite.slice(0, -1)];
    expect(bad?.anyOf.flat().sort()).toEqual(
      rings
        .map(({ key }) => key)
        .filter((key) => key !== "no-traffic")
        .sort(),
    );
  });
});

describe("single alarms", () => {
  it("say what no data means: silence is a fault only where requests are waited for", () => {
    const { metric } = specs({ alarms: { maxQuietMinutes: 30 } });
    const breaching = metric.filter(({ missing }) => missing === "breaching").map(({ key }) => key);
    expect(breaching).toEqual(["no-traffic"]);
  });
  it("wait for requests as long as the config says, and not at all where it does not or traffic is paused", () => {
    const quiet = { alarms: { maxQuietMinutes: 45 } };
    expect(metric("no-traffic", quiet)).toMatchObject({
      evaluationPeriods: 45,
      datapointsToAlarm: 45,
      threshold: 1,
      comparison: "LessThanThreshold",
      expression: "FILL(blue, 0) + FILL(green, 0)",
    });
    expect(metric("no-traffic", { alarms: {} })).toBeUndefined();
    expect(metric("no-traffic", quiet, { traffic: "paused" })).toBeUndefined();
  });
  it("do not count the 503 of a pause, but the 502 and 504 that may hide behind it", () => {
    expect(metric("load-balancer-errors")?.expression).toBe("FILL(e502, 0) + FILL(e503, 0) + FILL(e504, 0)");
    expect(metric("load-balancer-errors", {}, { traffic: "paused" })?.expression).toBe(
      "FILL(e502, 0) + FILL(e504, 0)",
    );
  });
  it("ask for half of a slot's pods, or for what the config says, and only while it has requests", () => {
    expect(metric("blue-healthy-hosts")).toMatchObject({
      threshold: 2,
      comparison: "LessThanThreshold",
      expression: "IF(FILL(requests, 0) > 0, healthy, 2)",
    });
    expect(metric("blue-healthy-hosts", { alarms: { minHealthyHosts: 3 } })?.threshold).toBe(3);
  });
});
