import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { base, bringBase, isShown, showInStaging } from "./importedRevisions";
import type { Context, Stack } from "../context";
import { places } from "../machine/environment";
import { inDatabase } from "../observe/jobs";
import { signalTo, until } from "../machine/processes";
import { bringLive, unseenByStaging, variant } from "./releases";
import type { Figures } from "../scenario";
import { approveLoss } from "./signers";
import { underLoad } from "../observe/lockWaits";

/** The backfill of guardians' names, on as many guardians as a scenario wants. */

const name = "guardian-names";
/** The flag that guards it. */
export const backfillFlag = "guardian-names-backfill";

/** Guardians of a scenario have ids from here on: the smoke tests ask for one who is not there, 999999. */
const firstId = 1_000_001;

/** How far the backfill is, as its own note of it says. */
export interface Progress {
  /** Rows that it has changed, ever. */
  rows: number;
  /** Key of the last row that it looked at. */
  cursor: number;
  finished: boolean;
  /** When that was written, milliseconds since 1970. */
  at: number;
}

/** Adds guardians with one name only, as releases before the split wrote them. */
export const addGuardians = (context: Context, stack: Stack, rows: number): Promise<void> =>
  inDatabase(context, stack, async (client) => {
    // Without the look at the pupil of each, which doubles the time.
    await client.query("SET session_replication_role = replica");
    await client.query(
      `INSERT INTO guardians (id, pupil_id, full_name)
       SELECT $1::bigint + n, 1 + n % 200, 'Given' || n || ' von Family' FROM generate_series(0, $2::int - 1) n
       ON CONFLICT DO NOTHING`,
      [firstId, rows],
    );
    await client.query("ANALYZE guardians");
  });

/** Takes them away again. */
export const removeGuardians = (context: Context, stack: Stack): Promise<void> =>
  inDatabase(context, stack, async (client) => {
    await client.query("DELETE FROM guardians WHERE id >= $1::bigint", [firstId]);
  });

const count = (context: Context, stack: Stack, where: string): Promise<number> =>
  inDatabase(context, stack, async (client) => {
    const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM guardians WHERE ${where}`);
    return Number(rows[0]?.n);
  });

/** Guardians whose name is not in two parts yet. */
export const pendingNames = (context: Context, stack: Stack): Promise<number> =>
  count(context, stack, "family_name IS NULL OR given_name IS NULL");

/** Guardians whose two parts are not the name that they had. */
export const wrongNames = (context: Context, stack: Stack): Promise<number> =>
  count(context, stack, "btrim(given_name || ' ' || family_name) IS DISTINCT FROM btrim(full_name)");

export const progressOf = (context: Context, stack: Stack): Promise<Progress> =>
  inDatabase(context, stack, async (client) => {
    const there = await client.query<{ found: string | null }>(
      "SELECT to_regclass('migration_state.backfills')::text AS found",
    );
    if (!there.rows[0]?.found) return { rows: 0, cursor: 0, finished: false, at: 0 };
    const { rows } = await client.query<{ done: string; cursor: string | null; finished: boolean; at: Date }>(
      `SELECT rows_done AS done, cursor_after AS cursor, finished_at IS NOT NULL AS finished, updated_at AS at
       FROM migration_state.backfills WHERE name = $1`,
      [name],
    );
    const [one] = rows;
    if (!one) return { rows: 0, cursor: 0, finished: false, at: 0 };
    return {
      rows: Number(one.done),
      cursor: Number(one.cursor),
      finished: one.finished,
      at: one.at.getTime(),
    };
  });

/** Waits until it has changed so many rows since `before`, or has finished. */
export async function untilFilled(context: Context, before: Progress, rows: number): Promise<Progress> {
  let now = before;
  await until(`the backfill has changed ${rows} rows`, 120, async () => {
    now = await progressOf(context, "prod");
    return now.rows - before.rows >= rows;
  });
  return now;
}

/** Waits until no row is left. */
export const untilFinished = (context: Context, stack: Stack): Promise<void> =>
  until(
    "the backfill has finished",
    180,
    async () => (await progressOf(context, stack)).finished && (await pendingNames(context, stack)) === 0,
  );

/** Gives the backfill's flag to so many percent; a backfill runs with 100. */
export const flagBackfill = (context: Context, stack: Stack, percentage: number) =>
  context.expect(0, "flag", { STACK: stack, NAME: backfillFlag, PERCENTAGE: String(percentage) });

/** The Jobs that there are in prod, as kubectl lists them. */
export const jobsOf = async (context: Context): Promise<string> =>
  (await context.run(["kubectl", "-n", "school-prod", "get", "jobs"])).stdout;

/** How the backfill runs in a scenario. */
interface Backfilling {
  rows: number;
  ratePerSecond: number;
}

/** Sets the backfill's speed in the stack file; gives what puts the file back. */
export const setSpeed = (context: Context, stack: Stack, ratePerSecond: number, batch = 1000): (() => void) =>
  context.set(stack, "backfills", { [name]: { flag: backfillFlag, ratePerSecond, batch } });

/**
 * Lets a scenario run the backfill in prod under load over guardians of its own, and checks that every row was changed
 * once, rightly, and that nobody failed or waited meanwhile. Afterwards the flag is off and the guardians are gone.
 */
export async function underBackfill(
  context: Context,
  how: Backfilling,
  show: (before: Progress) => Promise<Figures>,
): Promise<Figures> {
  await bringLive(context, "1.2.0");
  const putBack = setSpeed(context, "prod", how.ratePerSecond);
  await addGuardians(context, "prod", how.rows);
  try {
    return await underLoad(context, "prod", async () => {
      const [before, pending] = [await progressOf(context, "prod"), await pendingNames(context, "prod")];
      assert.ok(pending >= how.rows, "the guardians must be without names in parts");
      const shown = await show(before);
      await untilFinished(context, "prod");
      const rowsBackfilled = (await progressOf(context, "prod")).rows - before.rows;
      assert.equal(rowsBackfilled, pending, "every row must have been changed, and none twice");
      assert.equal(await wrongNames(context, "prod"), 0, "every name must be what it was");
      return { rowsBackfilled, ...shown };
    });
  } finally {
    putBack();
    await context.make("flag", { NAME: backfillFlag, PERCENTAGE: "0" });
    await removeGuardians(context, "prod");
  }
}

/** Kills (SIGKILL) the backfill's process, as a node that goes away would. */
export function killBackfill(context: Context): Promise<void> {
  const register = join(places(context.home).kubernetes, "processes.json");
  const running = Object.keys(JSON.parse(readFileSync(register, "utf8")) as object);
  const its = running.filter((pid) => commandOf(pid).includes("migrations.safe.backfill"));
  assert.equal(its.length, 1, "one process must be at work on the backfill");
  for (const pid of its) signalTo(-Number(pid), "SIGKILL");
  return Promise.resolve();
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Prod with a short gate and a fast backfill, and a deploy of a release that was never live under that name. */
export function quickly(context: Context): {
  deploy: (version: string) => Promise<unknown>;
  putBack: () => void;
} {
  const gate = context.set("prod", "gate", { holdSeconds: 5, minRequests: 20, bakeMinutes: 0.05 });
  const speed = setSpeed(context, "prod", 50_000, 10_000);
  const { serial } = context.config("prod")["deployment-safety:release"];
  return {
    deploy: (version) => {
      const VERSION = variant(context, `${version}-${serial}`, version);
      return context.expect(0, "deploy", { VERSION, ...unseenByStaging });
    },
    putBack: () => {
      gate();
      speed();
    },
  };
}

/** The first so many guardians of a scenario. */
export const firstOf = (count: number) => ({ first: firstId, last: firstId + count - 1 });

/** Prod with the one name only: 1.0.0 is live on the schema before the split. */
export async function beforeSplit(context: Context): Promise<void> {
  await bringBase(context);
  approveLoss(context.copy, base.revision);
  await context.expect(0, "rollback", { VERSION: "1.0.0", DATABASE: "downgrade" });
  await removeGuardians(context, "prod");
}

/** Runs the backfill to its end; gives the rows that it changed. */
export async function backfill(context: Context, stack: Stack): Promise<number> {
  const before = await progressOf(context, stack);
  await flagBackfill(context, stack, 100);
  await untilFinished(context, stack);
  await flagBackfill(context, stack, 0);
  return (await progressOf(context, stack)).rows - before.rows;
}

/** Staging fills its names, and shows the constraint and the contract. */
export async function showSplit(context: Context): Promise<void> {
  if (await isShown(context, ["b7d05e11", "d2c94f60"])) return;
  await backfill(context, "staging");
  await showInStaging(context, ["1.4.0", "1.5.0"]);
}

/** Guardians whose name is not the last that somebody was told was written. */
export const lostNames = (context: Context, stack: Stack, written: Map<number, string>): Promise<string[]> =>
  inDatabase(context, stack, async (client) => {
    const { rows } = await client.query<{ id: string; name: string }>(
      "SELECT id, btrim(given_name || ' ' || family_name) AS name FROM guardians WHERE id = ANY($1)",
      [[...written.keys()]],
    );
    const found = new Map(rows.map(({ id, name: now }) => [Number(id), now]));
    return [...written]
      .filter(([id, last]) => found.get(id) !== last)
      .map(([id, last]) => `${id} is ${found.get(id) ?? "gone"}, and not ${last}`);
  });
