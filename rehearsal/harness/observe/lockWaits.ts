import assert from "node:assert/strict";
import { Client } from "pg";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context, Stack } from "../context";
import { figuresOf, type Load } from "./load";
import type { Figures } from "../scenario";

/** Who waits for a migration or a backfill, looked at every 5 ms on a running database. */

const sampleMilliseconds = 5;

/** Sessions of people's programs that wait for a lock which a migration or a backfill holds or stands in line for. */
const waits = `
  WITH waiting AS MATERIALIZED (
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND backend_type = 'client backend'
      AND application_name NOT LIKE 'deployment-safety-%'
  )
  SELECT 1000 * extract(epoch FROM clock_timestamp() - l.waitstart)::float8 AS waited
  FROM waiting w JOIN pg_locks l ON l.pid = w.pid AND NOT l.granted
  WHERE EXISTS (
    SELECT FROM unnest(pg_blocking_pids(w.pid)) blocker JOIN pg_stat_activity a ON a.pid = blocker
    WHERE a.application_name LIKE 'deployment-safety-%'
  )`;

/** Looks until it is called; gives the longest such wait that was seen, milliseconds. */
async function watchWaits(context: Context, stack: Stack): Promise<() => Promise<number>> {
  const client = new Client({ connectionString: context.databaseUrl(stack), connectionTimeoutMillis: 5000 });
  await client.connect();
  let longest = 0;
  let ending = false;
  const watching = (async () => {
    while (!ending) {
      const next = sleep(sampleMilliseconds);
      const { rows } = await client.query<{ waited: number | null }>(waits);
      longest = Math.max(longest, ...rows.map(({ waited }) => waited ?? 0));
      await next;
    }
    await client.end();
  })();
  return async () => {
    ending = true;
    await watching;
    return longest;
  };
}

/**
 * Lets a scenario show something under 100 requests a second, and gives what people saw: none of them may have failed,
 * and the longest that one waited for a migration or a backfill is measured.
 */
export async function underLoad(
  context: Context,
  stack: Stack,
  show: (load: Load) => Promise<Figures>,
): Promise<Figures & { maxBlockedWriterMs: number }> {
  const load = context.load(stack, 100);
  const stop = await watchWaits(context, stack);
  try {
    const shown = await show(load);
    await load.stop();
    const figures = figuresOf(load.observations);
    assert.equal(figures.failedRequests, 0, `no request may fail; ${context.failures(load)}`);
    const paused = load.observations.filter(({ outcome }) => outcome === "paused").map(({ at }) => at);
    const pausedSeconds = ((paused.at(-1) ?? 0) - (paused[0] ?? 0)) / 1000;
    return { ...figures, pausedSeconds, maxBlockedWriterMs: await stop(), ...shown };
  } finally {
    await Promise.all([load.stop(), stop()]);
  }
}
