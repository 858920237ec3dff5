import { expect, it } from "vitest";
import { readRecentTraffic, recentMinutes } from "../../../cli/report/recentTraffic";
import { live, memoryStack } from "../memory/stack";

it("recent traffic is that of the last minutes, by slot, with the budget and the open incidents", async () => {
  const stack = memoryStack({}, live());
  const ctx = stack.context("status");
  const to = stack.clock.now().getTime();
  const asked: number[] = [];
  const series = async (from: number, until: number) => {
    asked.push(from, until);
    const step = { at: until - 1_000, slot: "blue" as const, requests: 10, errors: 1, p95Ms: 20 };
    return { stepSeconds: 60, steps: [step] };
  };
  const recent = await readRecentTraffic(
    { ...ctx, metrics: { ...ctx.metrics, series, service: ctx.metrics.service.bind(stack.cloud) } },
    "blue",
  );
  expect(asked).toEqual([to - recentMinutes * 60_000, to]);
  expect(recent).toMatchObject({ slots: { blue: {} }, incidents: [] });
  expect(String(recent.budget)).toContain("%");
});

it("names each source that does not answer, and still tells the rest", async () => {
  const stack = memoryStack({}, live());
  const ctx = stack.context("status");
  const fail = () => Promise.reject(new Error("no route"));
  const late = () => Promise.reject(new DOMException("late", "TimeoutError"));
  const parameters = { ...ctx.parameters, readAll: fail };
  const metrics = { ...ctx.metrics, series: fail, service: late };
  const recent = await readRecentTraffic({ ...ctx, parameters, metrics }, "blue");
  expect(recent).toMatchObject({
    slots: { message: "the source of metrics (metrics.source: prometheus): no route" },
    budget: { message: "the source of metrics (metrics.source: prometheus): no answer in 3 s" },
    incidents: { message: "no route" },
  });
});
