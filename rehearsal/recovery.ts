import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { CommandResult } from "./commands";
import type { Context, Stack } from "./context";
import { recoveryOf } from "./postgres";
import type { Figures } from "./scenario";

/** Moves of the scenarios about recovery: a bigger database, losses, commands that are killed. */

/** Bytes of rows that `enlarge` adds. */
const megabytes = 50;

async function database(context: Context, stack: Stack): Promise<Client> {
  const client = new Client({
    connectionString: `postgresql://school@127.0.0.1:${context.ports.postgres}/school_${stack}`,
  });
  await client.connect();
  return client;
}

/** Brings the database to 50 MB and goes on writing to it until stopped. */
export async function enlarge(context: Context, stack: Stack) {
  const client = await database(context, stack);
  await client.query(
    `CREATE TABLE IF NOT EXISTS drill_ballast (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), pad text)`,
  );
  await client.query(
    `INSERT INTO drill_ballast (pad) SELECT repeat(md5(n::text), 30) FROM generate_series(1, $1) n`,
    [megabytes * 1024],
  );
  let rows = 0;
  let isWriting = true;
  const writing = (async () => {
    for (; isWriting; rows += 10)
      await client.query(
        "INSERT INTO drill_ballast (pad) SELECT md5(random()::text) FROM generate_series(1, 10)",
      );
    await client.query("DROP TABLE drill_ballast");
    await client.end();
  })();
  return {
    rows: () => rows,
    stop: async () => {
      isWriting = false;
      await writing;
    },
  };
}

/** The figures of a drill's report. */
export function drillFigures({ json }: CommandResult): Figures {
  const { recoverySeconds, recoveryPointSeconds, rowsChecked, ok } = json.drill as Record<string, number>;
  assert.ok(ok && recoverySeconds && rowsChecked, "a drill that passed has figures");
  return { recoverySeconds, recoveryPointSeconds: recoveryPointSeconds ?? 0, rowsChecked };
}

/** Takes the newest segment out of the archive while the log goes on after it. */
export async function loseSegment(context: Context, stack: Stack) {
  const { wal } = recoveryOf(context.home) as unknown as { wal: string };
  const client = await database(context, stack);
  const write = "CREATE TABLE IF NOT EXISTS drill_note (n int); INSERT INTO drill_note VALUES (1)";
  await client.query(write);
  const { rows } = await client.query<{ name: string }>("SELECT pg_walfile_name(pg_switch_wal()) AS name");
  await client.query("DROP TABLE drill_note");
  await client.end();
  const name = rows[0]?.name ?? "";
  for (let tries = 0; !readdirSync(wal).includes(name); tries += 1) {
    assert.ok(tries < 100, `segment ${name} must reach the archive`);
    await sleep(100);
  }
  const away = join(context.home, name);
  renameSync(join(wal, name), away);
  context.note(`segment ${name} is taken out of the archive`);
  return { name, giveBack: () => renameSync(away, join(wal, name)) };
}

/** Deletes half of the grades, as a wrong statement would; gives a time before it, and the counts before and after. */
export async function loseRows(context: Context, stack: Stack) {
  const client = await database(context, stack);
  const count = async () =>
    Number((await client.query<{ n: string }>("SELECT count(*) AS n FROM grades")).rows[0]?.n);
  const rows = await count();
  await sleep(1100);
  const before = new Date().toISOString();
  await sleep(1100);
  await client.query("DELETE FROM grades WHERE id % 2 = 0");
  const left = await count();
  await client.end();
  return { before, rows, left };
}

/** Starts a make target and kills the command, as a machine that goes away would, once a copy is being made. */
export async function killDuring(context: Context, words: string[]): Promise<void> {
  const child = spawn("make", ["--no-print-directory", ...words], {
    cwd: context.copy,
    env: { ...process.env, ...context.environment },
    stdio: "ignore",
    detached: true,
  });
  for (let tries = 0; copiesLeft(context).length === 0; tries += 1) {
    assert.ok(tries < 600, `make ${words.join(" ")} must make a copy`);
    await sleep(50);
  }
  process.kill(-(child.pid ?? 0), "SIGKILL");
  context.note(`make ${words.join(" ")} is killed, with ${copiesLeft(context).join()} half there`);
}

/** Names of the copies that there are. */
export const copiesLeft = (context: Context): string[] => {
  const { copies } = recoveryOf(context.home) as unknown as { copies: string };
  return readdirSync(copies);
};
