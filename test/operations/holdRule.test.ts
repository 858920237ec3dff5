import { describe, expect, it } from "vitest";
import { judgeHold, type Observation } from "../../operations/holdRule";

const gate = {
  holdSeconds: 15,
  deadlineSeconds: 45,
  minRequests: 50,
  falseRollback: 0.01,
  bakeMinutes: 0.25,
};
const good: Observation = {
  seconds: 20,
  canary: { requests: 100, errors: 0 },
  live: { requests: 900, errors: 0 },
  targets: { total: 2, healthy: 2 },
};
const judge = (more: Partial<Observation>) => judgeHold({ ...good, ...more }, gate);

describe("judgeHold", () => {
  it("promotes a canary that was held long enough, with requests enough and every target healthy", () =>
    expect(judge({})).toMatchObject({ verdict: "promote", expired: false }));
  it("holds before the time is over", () =>
    expect(judge({ seconds: 14.9 })).toMatchObject({ verdict: "hold", reasons: ["held for 14 of 15 s"] }));
  it("holds while there are too few requests, and says how many", () =>
    expect(judge({ canary: { requests: 49, errors: 0 } }).reasons).toEqual(["49 of at least 50 requests"]));
  it("takes unknown metrics of either slot for unknown, never for none", () => {
    expect(judge({ canary: undefined })).toMatchObject({ verdict: "hold", reasons: ["metrics are unknown"] });
    expect(judge({ live: undefined })).toMatchObject({ verdict: "hold", reasons: ["metrics are unknown"] });
  });
  it("holds when target health is unknown or a target is not healthy", () => {
    expect(judge({ targets: undefined }).verdict).toBe("hold");
    expect(judge({ targets: { total: 2, healthy: 1 } }).reasons).toEqual(["1 of 2 targets are healthy"]);
  });
  it("rolls back at once when no target is healthy", () =>
    expect(judge({ seconds: 1, targets: { total: 2, healthy: 0 } }).verdict).toBe("rollback"));
  it("rolls back at ten errors above one percent, and not at nine", () => {
    expect(judge({ seconds: 2, canary: { requests: 30, errors: 10 } }).verdict).toBe("rollback");
    expect(judge({ seconds: 2, canary: { requests: 30, errors: 9 } }).verdict).toBe("hold");
  });
  it("does not blame the canary for what hits both slots", () =>
    expect(
      judge({ canary: { requests: 1000, errors: 29 }, live: { requests: 9000, errors: 90 } }).verdict,
    ).toBe("promote"));
  it("rolls back above three times the live slot's share", () =>
    expect(
      judge({ canary: { requests: 1000, errors: 31 }, live: { requests: 9000, errors: 90 } }).verdict,
    ).toBe("rollback"));
  it("says when the deadline has passed, also for what it does not know", () =>
    expect(judge({ seconds: 45, canary: undefined })).toMatchObject({ verdict: "hold", expired: true }));
});
