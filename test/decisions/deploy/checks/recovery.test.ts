import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drillAge, recoveryPointAge } from "../../../../decisions/deploy/checks/recovery";
import type { DrillRecord } from "../../../../decisions/recovery/drill";
import { drillDays } from "../../../../decisions/recovery/freshness";

const now = new Date("2026-11-24T22:00:00Z");
const secondsAgo = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();
const daysAgo = (days: number): string => secondsAgo(days * 86_400);
const record = (days: number, ok = true): DrillRecord => ({
  ok,
  at: daysAgo(days),
  target: daysAgo(days),
  source: "archive",
  actor: "ada",
  findings: [{ check: "recovery", ok, detail: ok ? "answered" : "recovery ended before the target" }],
});

describe("the age of the drill", () => {
  it("is good for a quarter and not a moment longer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * 86_400 }), (seconds) => {
        const passed = { ...record(0), at: secondsAgo(seconds) };
        const isGood = seconds <= drillDays * 86_400;
        expect(drillAge({ stack: "prod", now, drills: { last: passed, passed } }).ok).toBe(isGood);
      }),
      { numRuns: 2000 },
    );
  });

  it("does not count when a later drill failed, and says why that one did", () => {
    const drills = { last: record(1, false), passed: record(2) };
    expect(drillAge({ stack: "prod", now, drills })).toMatchObject({
      ok: false,
      detail: expect.stringContaining("recovery ended") as string,
    });
  });

  it("has a quarter to begin with, from the first update on", () => {
    expect(drillAge({ stack: "prod", now, drills: {} })).toMatchObject({ ok: true });
    expect(drillAge({ stack: "prod", now, drills: {}, since: daysAgo(drillDays - 1) })).toMatchObject({
      ok: true,
      detail: expect.stringContaining("due by 2026-11-25") as string,
    });
    expect(drillAge({ stack: "prod", now, drills: {}, since: daysAgo(drillDays + 1) }).ok).toBe(false);
  });

  it("is to be repeated on the stack that it is about", () =>
    expect(drillAge({ stack: "staging", now, drills: { last: record(1, false) } })).toMatchObject({
      next: "Run `make drill STACK=staging`.",
    }));

  it("is not good when it could not be read, or lies in the future", () => {
    expect(drillAge({ stack: "prod", now }).ok).toBe(false);
    expect(drillAge({ stack: "prod", now, drills: { passed: record(-1) } }).ok).toBe(false);
  });
});

describe("the age of the newest recovery point", () => {
  it.each([
    ["an hour less a second", 3599, true],
    ["an hour", 3600, true],
    ["a second more", 3601, false],
    ["from a clock a little ahead", -30, true],
    ["from a clock that is wrong", -3600, false],
  ])("%s: %d s", (_, seconds, ok) => expect(recoveryPointAge(secondsAgo(seconds), now, 3600).ok).toBe(ok));
  it("is not good when there is none, or it could not be read", () => {
    expect(recoveryPointAge(null, now, 3600)).toMatchObject({
      ok: false,
      detail: expect.stringContaining("no recovery point") as string,
    });
    expect(recoveryPointAge(undefined, now, 3600).ok).toBe(false);
    expect(recoveryPointAge("nonsense", now, 3600).ok).toBe(false);
  });
});
