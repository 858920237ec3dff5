import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandResult } from "../act/commands";
import type { Context, Stack } from "../context";
import { inDatabase } from "./jobs";
import { recoveryOf } from "../machine/postgres";
import { until } from "../machine/processes";
import type { Figures } from "../scenario";

/** What the recovery scenarios have in common. */

/** The figures of a drill's report. */
export function drillFigures({ json }: CommandResult): Figures {
  const { recoverySeconds, recoveryPointSeconds, rowsChecked, ok } = json.drill as Record<string, number>;
  assert.ok(ok && recoverySeconds && rowsChecked, "a drill that passed has figures");
  return { recoverySeconds, recoveryPointSeconds: recoveryPointSeconds ?? 0, rowsChecked };
}

/** Deletes half of the grades, as a wrong statement would; returns a time before it, and the counts before and after. */
export const loseRows = (context: Context, stack: Stack) =>
  inDatabase(context, stack, async (client) => {
    const total = async () => (await client.query<{ id: string }>("SELECT id FROM grades")).rows.length;
    const rows = await total();
    await sleep(1100);
    const before = new Date().toISOString();
    await sleep(1100);
    await client.query("DELETE FROM grades WHERE id % 2 = 0");
    return { before, rows, left: await total() };
  });

/** Starts a restore and kills it while it makes a copy, as if its machine had gone away. */
export async function killRestore(context: Context, to: string): Promise<void> {
  const running = context.start("restore", { TO: to });
  await until("the copy starts", 60, () => Promise.resolve(copiesLeft(context).length > 0));
  running.signal("SIGKILL");
  await running.result;
}

/** Names of the existing copies. */
export const copiesLeft = (context: Context): string[] => readdirSync(recoveryOf(context.home).copies);
