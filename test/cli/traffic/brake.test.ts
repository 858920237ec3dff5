import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BrakeHandle } from "../../../cli/traffic/brake";
import type { BrakeOrder } from "../../../decisions/traffic/brakeOrder";
import { allTo } from "../../../decisions/traffic/routing";
import type { Context } from "../../../cli/shell/context";
import { digestOf } from "../../decisions/samples";
import { fakeContext, type FakeCloud } from "../fakes";

const order: BrakeOrder = {
  good: "blue",
  goodDigest: digestOf(1),
  badDigests: [digestOf(2)],
  stopWorkers: ["green"],
  reason: "it fails",
};
const cloudWith = (more: Partial<FakeCloud> = {}): FakeCloud => ({
  routing: allTo("green"),
  healthy: 3,
  answer: (slot) => ({ release: slot === "blue" ? digestOf(1) : digestOf(2) }),
  sets: [],
  ...more,
});
/** A brake that was put on. */
async function brake(ctx: Context, ordered: BrakeOrder): Promise<BrakeHandle> {
  const handle = new BrakeHandle(ctx);
  await handle.engage(ordered);
  return handle;
}
const paused = { traffic: "paused" } as const;

describe("brake", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("moves all traffic to the good slot", async () => {
    const cloud = cloudWith();
    const on = await brake(fakeContext(cloud), order);
    expect(cloud.sets).toEqual([allTo("blue")]);
    await on.handBack();
  });
  it("writes refused digest and kill switch before it moves, so that a crash leaves nothing that brings it back", async () => {
    const cloud = cloudWith();
    const ctx = fakeContext(cloud);
    const written: string[] = [];
    const set = ctx.loadBalancer.set.bind(ctx.loadBalancer);
    ctx.loadBalancer.set = async (...given) => {
      written.push(...ctx.parameters.values.keys());
      return set(...given);
    };
    await (await brake(ctx, order)).handBack();
    expect(written).toEqual([
      `/deployment-safety/prod/refused/${"2".repeat(64)}`,
      "/deployment-safety/prod/kill-switch",
    ]);
    expect(JSON.parse(ctx.parameters.values.get("/deployment-safety/prod/kill-switch") ?? "")).toMatchObject({
      flags: "off",
      workers: ["green"],
      reason: "it fails",
    });
  });
  it("moves although the parameter store is down, and says so", async () => {
    const cloud = cloudWith();
    const ctx = fakeContext(cloud);
    ctx.parameters.put = () => Promise.reject(new Error("store is down"));
    await (await brake(ctx, order)).handBack();
    expect(cloud.routing).toEqual(allTo("blue"));
    expect(ctx.output.said.join("\n")).toContain("store is down");
  });
  it("writes what it could not write with the next look, and with its last", async () => {
    const ctx = fakeContext(cloudWith());
    const put = ctx.parameters.put.bind(ctx.parameters);
    let isDown = true;
    ctx.parameters.put = (...given) => (isDown ? Promise.reject(new Error("store is down")) : put(...given));
    const on = await brake(ctx, order);
    expect(ctx.parameters.values.size).toBe(0);
    isDown = false;
    await vi.advanceTimersByTimeAsync(1100);
    expect([...ctx.parameters.values.keys()]).toHaveLength(2);
    await on.handBack();
  });
  it("does not wait for a store that never answers", async () => {
    const cloud = cloudWith();
    const ctx = fakeContext(cloud);
    ctx.parameters.put = () => new Promise(() => undefined);
    const on = brake(ctx, order);
    await vi.advanceTimersByTimeAsync(2100);
    expect(cloud.routing).toEqual(allTo("blue"));
    const released = (await on).handBack();
    await vi.advanceTimersByTimeAsync(5000);
    await released;
  });
  it("pauses when the good slot has too few healthy targets, and moves as soon as it has them", async () => {
    const cloud = cloudWith({ healthy: 1 });
    const on = await brake(fakeContext(cloud), order);
    expect(cloud.routing).toEqual(paused);
    cloud.healthy = 2;
    await vi.advanceTimersByTimeAsync(1100);
    expect(cloud.routing).toEqual(allTo("blue"));
    await on.handBack();
  });
  it("pauses when the good slot answers as another release", async () => {
    const cloud = cloudWith({ answer: () => ({ release: digestOf(2) }) });
    await (await brake(fakeContext(cloud), order)).handBack();
    expect(cloud.routing).toEqual(paused);
  });
  it("pauses whatever the targets are when the database has to go back, and stays paused", async () => {
    const cloud = cloudWith();
    const on = await brake(fakeContext(cloud), { ...order, pause: true });
    await vi.advanceTimersByTimeAsync(3000);
    expect(cloud.sets).toEqual([paused]);
    await on.handBack();
  });
  it("puts the rule back when an update under way moves it", async () => {
    const cloud = cloudWith();
    const on = await brake(fakeContext(cloud), order);
    cloud.routing = allTo("green");
    await vi.advanceTimersByTimeAsync(1100);
    expect(cloud.routing).toEqual(allTo("blue"));
    await on.handBack();
  });
  it("leaves the rule alone once released", async () => {
    const cloud = cloudWith();
    await (await brake(fakeContext(cloud), order)).handBack();
    cloud.routing = allTo("green");
    await vi.advanceTimersByTimeAsync(5000);
    expect(cloud.routing).toEqual(allTo("green"));
  });
  it("fails as a rollback (6) where no rule exists", async () => {
    const ctx = fakeContext(cloudWith());
    ctx.loadBalancer.route = async () => undefined;
    await expect(brake(ctx, order)).rejects.toMatchObject({ exitCode: 6 });
  });
});
