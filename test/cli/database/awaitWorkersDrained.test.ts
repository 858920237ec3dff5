import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Release } from "../../../decisions/stack/config";
import type { Context } from "../../../cli/shell/context";
import type { Failure } from "../../../cli/shell/failure";
import type { WorkerPod } from "../../../cli/ports/cluster";
import { awaitWorkersDrained } from "../../../cli/database/awaitWorkersDrained";
import { served } from "../../decisions/samples";
import { fakeContext } from "../fakes";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const paused: Release = { ...served(), traffic: "paused" };
const busy: WorkerPod = { name: "workers-blue-1", graceSeconds: 60 };

/** A command whose cluster answers with `pods` by the seconds that have gone by. */
function command(pods: (seconds: number) => WorkerPod[]) {
  const asked: string[][] = [];
  const began = Date.now();
  const ctx: Context = fakeContext({
    routing: { traffic: "paused" },
    healthy: 0,
    answer: () => ({}),
    sets: [],
  });
  const workers = async (of: readonly string[]) => {
    asked.push([...of]);
    return pods((Date.now() - began) / 1000);
  };
  Object.assign(ctx, { command: "downgrade", cluster: { workers } });
  Object.assign(ctx.options, { revision: "3f2a77aa", database: "auto", loss: new Map([["9c1b0d2f", 12]]) });
  const seconds = () => (Date.now() - began) / 1000;
  return { ctx, asked, seconds, said: (ctx.output as unknown as { said: string[] }).said };
}

it("waits for a worker's last job, says so, and goes on once its pod is gone", async () => {
  const { ctx, asked, said, seconds } = command((at) => (at < 42 ? [busy] : []));
  const done = awaitWorkersDrained(ctx, paused);
  await vi.runAllTimersAsync();
  await done;
  expect(seconds()).toBe(42);
  expect(asked[0]).toEqual(["blue", "green"]);
  expect(said).toHaveLength(9);
  expect(said[1]).toBe("waiting for workers to finish their jobs (5 of at most 75 s): workers-blue-1");
});

it("gives up 15 s after the longest grace period, with the names and the command to type", async () => {
  const { ctx, seconds } = command(() => [busy, { name: "workers-green-1", graceSeconds: 30 }]);
  const failed = awaitWorkersDrained(ctx, paused).catch((error: unknown) => error as Failure);
  await vi.runAllTimersAsync();
  const failure = await failed;
  expect(failure).toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(
      /^Workers still run after 75 s.*: workers-blue-1, workers-green-1\. See why/,
    ) as string,
    more: { next: expect.stringMatching(/downgrade.* REVISION=3f2a77aa.* LOSS=9c1b0d2f:12/) as string },
  });
  expect(seconds()).toBeLessThan(76);
});

it("does not wait for the workers of a release that stays live", async () => {
  const { ctx, asked } = command(() => []);
  await awaitWorkersDrained(ctx, served());
  expect(asked).toEqual([["green"]]);
});

it("a cluster that does not answer is no proof that nobody works", async () => {
  const { ctx } = command(() => {
    throw new Error("connect ECONNREFUSED");
  });
  const failed = awaitWorkersDrained(ctx, paused).catch((error: unknown) => error as Failure);
  await vi.runAllTimersAsync();
  expect(await failed).toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(
      /Could not check whether workers still run.*not downgraded: connect ECONNREFUSED/,
    ) as string,
  });
});
