import { setTimeout as sleep } from "node:timers/promises";
import type { Context, Stack } from "./context";
import { inDatabase } from "./jobs";
import { Processes } from "./processes";

/** What goes wrong around a release and is no release's fault. */

/** Prometheus answers no more, as one does that is out of memory or behind a broken network; gives what brings it back. */
export function silenceMetrics(context: Context): () => void {
  new Processes(context.home).signal("prometheus", "SIGSTOP");
  context.note("Prometheus is silent");
  return () => {
    new Processes(context.home).signal("prometheus", "SIGCONT");
    context.note("Prometheus answers again");
  };
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
