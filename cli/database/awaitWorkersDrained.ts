import type { Release } from "../../decisions/stack/config";
import { slotAllocations } from "../../decisions/release/trafficWeights";
import { slots, type Slot } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import { makeLine } from "../shell/options";
import { retry } from "../shell/wait";

/** Seconds beyond the longest grace period: for the kubelet to kill a pod, and for the API server to learn of it. */
const beyondGrace = 15;

/** Pause between two polls, milliseconds. */
const pause = 500;

/** Seconds between two lines of progress. */
const progressSeconds = 5;

/**
 * Waits until the workers of each slot that has none in `release` are gone. The update that scales them to zero ends before
 * they do: a worker finishes its job first, and must not write to an older schema. Waits at most their longest grace period
 * and 15 s; then throws refused (4) with their names, and nothing is changed.
 */
export async function awaitWorkersDrained(ctx: Context, release: Release): Promise<void> {
  const stopped = slots.filter((slot) => slotAllocations(release, ctx.settings.sizing)[slot].workers === 0);
  if (stopped.length === 0) return;
  const now = () => ctx.clock.now().getTime();
  const began = now();
  let limit = 0;
  for (let shownAt = -Infinity; ;) {
    const left = await runningWorkers(ctx, stopped);
    if (left.length === 0) return;
    limit = Math.max(limit, ...left.map(({ graceSeconds }) => graceSeconds + beyondGrace));
    const names = left.map(({ name }) => name).join(", ");
    const seconds = Math.round((now() - began) / 1000);
    if (seconds >= limit)
      throw new Failure(
        exitCodes.refused,
        `Workers still run after ${seconds} s, so the database was not downgraded: ${names}. See why with \`kubectl -n ${ctx.settings.cluster.namespace} describe pod\`, and delete what is stuck; then run the same command again.`,
        { next: sameCommand(ctx), details: { workers: left.map(({ name }) => name) } },
      );
    if (seconds - shownAt >= progressSeconds) {
      shownAt = seconds;
      ctx.output.say(`waiting for workers to finish their jobs (${seconds} of at most ${limit} s): ${names}`);
    }
    await ctx.clock.wait(pause, ctx.signal);
  }
}

async function runningWorkers(ctx: Context, stopped: readonly Slot[]) {
  try {
    return await retry(() => ctx.cluster.workers(stopped), { signal: ctx.signal });
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw new Failure(
      exitCodes.refused,
      `Could not check whether workers still run, so the database was not downgraded: ${messageOf(error)}. Check that the cluster of KUBECONFIG answers, then run the same command again.`,
      { next: sameCommand(ctx), cause: error },
    );
  }
}

function sameCommand({ stack, command, options }: Context): string {
  const { revision, version, update, database, loss } = options;
  return makeLine(stack, command, {
    REVISION: revision,
    VERSION: version,
    UPDATE: update,
    ...(database === "auto" ? {} : { DATABASE: database }),
    ...(loss.size > 0 && { LOSS: [...loss].map(([id, rows]) => `${id}:${rows}`).join(",") }),
  });
}
