import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context, Stack } from "../context";
import { cloudEnvironment } from "./environment";
import { inDatabase } from "../observe/jobs";
import { interruptPostgres } from "./postgres";
import { Processes } from "./processes";

/** What goes wrong around a release and is no release's fault. */

/** A program of the rehearsal answers no more, as one behind a broken network; gives what brings it back. */
function silence(context: Context, program: string, said: string): () => void {
  new Processes(context.home).signal(program, "SIGSTOP");
  context.note(`${said} is silent`);
  return () => {
    new Processes(context.home).signal(program, "SIGCONT");
    context.note(`${said} answers again`);
  };
}

/** No metrics come any more. */
export const silenceMetrics = (context: Context): (() => void) =>
  silence(context, "prometheus", "Prometheus");

/** An update under way stands still where it is, for its provider does not answer. */
export const silenceProviders = (context: Context): (() => void) =>
  silence(context, "providers", "the provider");

/** PostgreSQL is not there while `action` runs, for pods, commands and updates alike. */
export async function withoutDatabase<T>(context: Context, action: () => Promise<T>): Promise<T> {
  interruptPostgres(context.home, "stop");
  context.note("the database is down");
  try {
    return await action();
  } finally {
    interruptPostgres(context.home, "start");
    context.note("the database is up");
  }
}

/** For some seconds a table is not there: what reads it fails on both slots alike. */
export async function takeTableAway(
  context: Context,
  stack: Stack,
  table: "guardians" | "pupils",
  seconds: number,
): Promise<void> {
  const rename = (from: string, to: string) =>
    inDatabase(context, stack, (client) => client.query(`ALTER TABLE ${from} RENAME TO ${to}`));
  context.note(`the table ${table} is away`);
  await rename(table, `${table}_away`);
  try {
    await sleep(seconds * 1000);
  } finally {
    await rename(`${table}_away`, table);
    context.note(`the table ${table} is back`);
  }
}

/**
 * AWS answers the next `calls` calls of these actions (as `ModifyRule`) with a ThrottlingException; each with the
 * probability `share`. Commands, Pulumi and the rehearsal's own controllers are hit alike. Returns what ends it and says how
 * many calls it has hit.
 */
export async function throttle(
  context: Context,
  actions: string[],
  calls: number,
  share = 1,
): Promise<() => Promise<number>> {
  const url = `${cloudEnvironment(context.ports).AWS_ENDPOINT_URL ?? ""}/moto-api/throttling`;
  const order = async (body: object): Promise<void> => {
    const answer = await fetch(url, { method: "PUT", body: JSON.stringify(body) });
    assert.ok(answer.ok, `the cloud must take the order to throttle; it answered ${answer.status}`);
  };
  context.note(`AWS throttles ${actions.join(", ")}`);
  await order({ actions, calls, share });
  return async () => {
    const { hit } = (await (await fetch(url)).json()) as { hit: number };
    await order({ actions: [], calls: 0 });
    context.note(`AWS has throttled ${hit} calls`);
    return hit;
  };
}
