import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { allTo } from "../../../decisions/traffic/routing";
import { mismatch, smoke } from "../../../cli/traffic/smoke";
import { after, digestOf, served } from "../../decisions/samples";
import { fakeContext, type FakeCloud } from "../fakes";

const two = after(served(), 2);
const run = async (answer: FakeCloud["answer"], slot?: "blue" | "green") => {
  const results = smoke(fakeContext({ routing: allTo("green"), healthy: 3, answer, sets: [] }), two, slot);
  await vi.advanceTimersByTimeAsync(15_000);
  return (await results)[0];
};

describe("smoke", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("passes on the live release's answer", async () =>
    expect(await run(() => ({ release: digestOf(2) }))).toMatchObject({ name: "home", ok: true }));
  it("judges what the expected release answers at once, without asking again", async () => {
    let asked = 0;
    const result = await run(() => ({ status: ++asked === 1 ? 500 : 200, release: digestOf(2) }));
    expect(result).toMatchObject({ ok: false, problem: "status 500, expected 200: " });
    expect(asked).toBe(1);
  });
  it("asks again while a changed rule has not reached every worker of the load balancer", async () => {
    let asked = 0;
    const answers = [
      { release: digestOf(1) },
      { status: 503, paused: true },
      new Error("reset"),
      { release: digestOf(2) },
    ];
    expect(await run(() => answers[asked++] ?? {})).toMatchObject({ ok: true });
  });
  it("fails when only another release answers", async () =>
    expect((await run(() => ({ release: digestOf(1) })))?.problem).toContain(
      `release ${digestOf(1)} answered`,
    ));
  it("of a slot expects that slot's release", async () => {
    expect(
      await run((slot) => ({ release: slot === "blue" ? digestOf(1) : digestOf(2) }), "blue"),
    ).toMatchObject({ ok: true });
    expect(await run(() => ({ release: digestOf(2) }), "blue")).toMatchObject({ ok: false });
  });
});

describe("mismatch", () => {
  it("names the status and the text that were expected", () => {
    expect(mismatch({ status: 200, body: "pupils" }, { status: 200, contains: "pupils" })).toBeUndefined();
    expect(mismatch({ status: 404, body: "no" }, { status: 200 })).toBe("status 404, expected 200: no");
    expect(mismatch({ status: 200, body: "grades" }, { status: 200, contains: "pupils" })).toContain(
      'does not contain "pupils"',
    );
  });
});
