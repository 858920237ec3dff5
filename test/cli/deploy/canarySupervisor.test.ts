import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { allTo } from "../../../decisions/traffic/routing";
import { CanaryRejected } from "../../../cli/deploy/canaryRejected";
import { CanarySupervisor } from "../../../cli/deploy/canarySupervisor";
import type { Operation } from "../../../cli/stack/operation";
import { BrakeHandle } from "../../../cli/traffic/brake";
import type { Measured, MetricSource } from "../../../cli/ports/metrics/source";
import { readSaved, writeSaved, type SavedMonitor } from "../../../cli/deploy/savedMonitor";
import { wait } from "../../../cli/shell/wait";
import { deployed, digestOf, served } from "../../decisions/samples";
import { fakeContext, type FakeCloud } from "../fakes";

const quiet = { requests: 100_000, errors: 10 };
const windows = { budget: quiet, sixHours: quiet, hour: quiet, halfHour: quiet, fiveMinutes: quiet };

/** A source that counts 10 requests a second for the canary, of which `errors` fail, and 90 for the live slot. */
function source(state: { errors: number }): MetricSource & { cursors: unknown[] } {
  const cursors: unknown[] = [];
  const measured = (): Measured => ({
    at: Date.now(),
    seconds: 1,
    slots: {
      canary: { requests: 10, errors: state.errors, slow: 0 },
      live: { requests: 90, errors: 0, slow: 0 },
    },
  });
  return {
    cursors,
    since: async (cursor) => {
      cursors.push(cursor);
      return { cursor: Date.now(), intervals: cursor === undefined ? [] : [measured()], reasons: [] };
    },
    before: async (seconds) => ({ at: Date.now() - 1, seconds, slots: "unknown" }),
    service: async () => windows,
    series: async () => ({ stepSeconds: 1, steps: [] }),
  };
}

const parameter = "/deployment-safety/prod/gate";
const canary = deployed(served(), 2)[2]!;

function setUp(errors: number) {
  const cloud: FakeCloud = {
    routing: { traffic: "open", weights: { blue: 90, green: 10 } },
    healthy: 3,
    answer: (slot) => ({ release: slot === "green" ? digestOf(2) : digestOf(1) }),
    sets: [],
  };
  const ctx = fakeContext(cloud);
  const state = { errors };
  const metrics = source(state);
  Object.assign(ctx, { metrics });
  const operation = { ctx, current: canary } as unknown as Operation;
  const brake = new BrakeHandle(ctx);
  return { cloud, ctx, state, metrics, operation, brake };
}
/** Ends brake and watch as the deploy does. */
async function ended(guard: CanarySupervisor, brake: BrakeHandle, memory: "keep" | "forget"): Promise<void> {
  const ending = brake.handBack().then(() => guard.end(memory));
  await vi.advanceTimersByTimeAsync(3_000);
  await ending;
}
const step = { step: "canary" as const, release: canary, why: "" };

describe("a deploy under guard", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("puts the brake on in the middle of an update, and ends only with that update", async () => {
    const { cloud, operation, ctx, brake } = setUp(5);
    const guard = new CanarySupervisor({ operation, brake, digest: digestOf(2), saved: undefined });
    await guard.watchBefore(step);
    let updated = false;
    const update = guard.during(async () => {
      await wait(20_000);
      updated = true;
    });
    const rejected = expect(update).rejects.toBeInstanceOf(CanaryRejected);
    await vi.advanceTimersByTimeAsync(8_000);
    expect([cloud.routing, updated]).toEqual([allTo("blue"), false]);
    expect([...ctx.parameters.values.keys()]).toContain(`/deployment-safety/prod/refused/${"2".repeat(64)}`);
    await vi.advanceTimersByTimeAsync(20_000);
    await rejected;
    expect(updated).toBe(true);
    await ended(guard, brake, "forget");
  });
  it("stops what can be stopped, such as requests that verify", async () => {
    const { operation, brake } = setUp(5);
    const guard = new CanarySupervisor({ operation, brake, digest: digestOf(2), saved: undefined });
    await guard.watchBefore(step);
    const verifying = guard.during((signal) => wait(3_600_000, signal));
    const rejected = expect(verifying).rejects.toBeInstanceOf(CanaryRejected);
    await vi.advanceTimersByTimeAsync(12_000);
    await rejected;
    await ended(guard, brake, "forget");
  });
  it("passes on what the work itself threw, and leaves the rule alone", async () => {
    const { cloud, operation, brake } = setUp(0);
    const guard = new CanarySupervisor({ operation, brake, digest: digestOf(2), saved: undefined });
    await guard.watchBefore(step);
    await expect(guard.during(() => Promise.reject(new Error("smoke failed")))).rejects.toThrow(
      "smoke failed",
    );
    expect(cloud.sets).toEqual([]);
    await ended(guard, brake, "forget");
  });
  it("writes down what it knows, and a later run goes on from there, cursor and all", async () => {
    const { ctx, operation, metrics, brake } = setUp(0);
    const guard = new CanarySupervisor({ operation, brake, digest: digestOf(2), saved: undefined });
    await guard.watchBefore(step);
    await vi.advanceTimersByTimeAsync(10_000);
    await ended(guard, brake, "keep");
    const saved = await readSaved(ctx, digestOf(2));
    expect(saved?.watch.gate.totals.canary.requests).toBeGreaterThan(50);
    const second = new CanarySupervisor({ operation, brake, digest: digestOf(2), saved });
    metrics.cursors.length = 0;
    await second.watchBefore(step);
    expect(metrics.cursors[0]).toBe(saved?.cursor);
    const total = second.monitor?.result.figures.canary.requests ?? 0;
    expect(total).toBeGreaterThan(saved?.watch.gate.totals.canary.requests ?? 0);
    await ended(second, brake, "forget");
    expect(ctx.parameters.values.has(parameter)).toBe(false);
  });
  it("goes on from nothing that was said of another release or in another form", async () => {
    const { ctx } = setUp(0);
    ctx.parameters.values.set(parameter, JSON.stringify({ format: 1, digest: digestOf(3), slot: "green" }));
    expect(await readSaved(ctx, digestOf(2))).toBeUndefined();
    ctx.parameters.values.set(parameter, "not JSON");
    expect(await readSaved(ctx, digestOf(2))).toBeUndefined();
    expect(ctx.output.said.join("\n")).toContain("begins anew");
  });
  it("keeps what is judged when the cursor does not fit into a parameter", () => {
    const saved = { digest: "d", slot: "green", at: "now", watch: { gate: {} }, cursor: "x".repeat(5000) };
    const text = writeSaved(saved as unknown as SavedMonitor);
    expect(text.length).toBeLessThan(4000);
    expect(JSON.parse(text)).toMatchObject({ digest: "d", watch: { gate: {} } });
  });
});
