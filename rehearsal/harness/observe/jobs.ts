import assert from "node:assert/strict";
import { Client } from "pg";
import type { Context, Stack } from "../context";
import type { Load } from "./load";
import { until } from "../machine/processes";

/** The ledger of the example's workers: which job was done how often, by which release. */

/** One effect of a job, as the transaction that did it wrote it down. */
interface Done {
  job: number;
  digest: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** Does something in a stack's database. */
export async function inDatabase<T>(
  context: Context,
  stack: Stack,
  action: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: context.databaseUrl(stack), connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}

/** Every effect of every job of a stack. */
const ledger = (context: Context, stack: Stack): Promise<Done[]> =>
  inDatabase(context, stack, async (client) => {
    const { rows } = await client.query<{ job: string; digest: string; at: Date }>(
      "SELECT job_id AS job, release_digest AS digest, done_at AS at FROM job_results",
    );
    return rows.map(({ job, digest, at }) => ({ job: Number(job), digest, at: at.getTime() }));
  });

/** Seconds that the workers may take for what is left, failed attempts and their pauses included. */
const drainSeconds = 40;

/**
 * What became of the jobs that a load gave, once the queue is empty: those never done, those done more than once, and,
 * with a canary, its workers' share of what was done while it had traffic. Fails where a job was lost or done twice.
 * @param canary its digest, and from when to when it had traffic, milliseconds since the epoch
 */
export async function jobFigures(
  context: Context,
  load: Load,
  canary?: { digest: string; from: number; to: number },
): Promise<{ jobs: number; jobsLost: number; jobsTwice: number; jobShare?: number }> {
  let done: Done[] = [];
  const left = () => {
    const known = new Set(done.map(({ job }) => job));
    return load.jobs.filter((job) => !known.has(job));
  };
  await until("the queue is empty", drainSeconds, async () => {
    done = await ledger(context, "prod");
    return left().length === 0;
  }).catch(() => undefined);
  const jobsLost = left().length;
  const jobsTwice = done.length - new Set(done.map(({ job }) => job)).size;
  assert.ok(load.jobs.length > 0, "without a job none can be lost");
  assert.equal(jobsLost, 0, `no job may be lost, but these were: ${left().slice(0, 10).join(", ")}`);
  assert.equal(jobsTwice, 0, "no job may be done twice");
  if (!canary) return { jobs: load.jobs.length, jobsLost, jobsTwice };
  const meanwhile = done.filter(({ at }) => at >= canary.from && at <= canary.to);
  const own = meanwhile.filter(({ digest }) => digest === canary.digest).length;
  return { jobs: load.jobs.length, jobsLost, jobsTwice, jobShare: own / Math.max(1, meanwhile.length) };
}
