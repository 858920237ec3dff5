import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { allTo } from "../../../decisions/traffic/routing";
import { verifyTraffic, type Wanted } from "../../../cli/traffic/verifyTraffic";
import { digestOf } from "../../decisions/samples";
import { fakeContext, type FakeCloud } from "../fakes";

const verify = async (answer: FakeCloud["answer"], wanted: Wanted = { digest: digestOf(1) }) => {
  const result = verifyTraffic(fakeContext({ routing: allTo("blue"), healthy: 3, answer, sets: [] }), wanted);
  await vi.advanceTimersByTimeAsync(20_000);
  return result;
};

describe("verifyTraffic", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("believes forty answers in a row over more than two seconds", async () => {
    const result = await verify(() => ({ release: digestOf(1) }));
    expect(result).toMatchObject({ verified: true, wrong: 0 });
    expect(result.probes).toBeGreaterThanOrEqual(40);
  });
  it("begins anew after one wrong answer: a worker of the load balancer has yet to learn of the rule", async () => {
    let asked = 0;
    const result = await verify(() => ({ release: digestOf(++asked === 30 ? 2 : 1) }));
    expect(result).toMatchObject({ verified: true, wrong: 1 });
    expect(result.probes).toBeGreaterThanOrEqual(70);
  });
  it("does not believe a tenth of the traffic on the wrong release, and says what it saw", async () => {
    let asked = 0;
    const result = await verify(() => ({ release: digestOf(++asked % 10 === 0 ? 2 : 1) }));
    expect(result.verified).toBe(false);
    expect(result.seen[digestOf(2)]).toBeGreaterThan(10);
  });
  it("takes no answer for wrong", async () => {
    const result = await verify(() => new Error("refused"));
    expect(result).toMatchObject({ verified: false, seen: { "no answer": result.probes } });
  });
  it("verifies a pause by the paused rule's own answer", async () => {
    expect((await verify(() => ({ status: 503, paused: true }), { paused: true })).verified).toBe(true);
    expect((await verify(() => ({ release: digestOf(1) }), { paused: true })).verified).toBe(false);
  });
});
