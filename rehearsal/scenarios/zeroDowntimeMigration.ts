import assert from "node:assert/strict";
import { base } from "../harness/act/importedRevisions";
import * as names from "../harness/act/guardianNames";
import { underLoad } from "../harness/observe/lockWaits";
import type { Scenario } from "../harness/scenario";
import { revisionOf } from "../harness/observe/sessions";
import { startWriters, together } from "../harness/act/writers";

const rows = 1_000_000;
/** Guardians whom people rename all the while: what the new release has written needs no backfill. */
const renamed = 800;

export const zeroDowntimeMigration: Scenario = {
  name: "zero-downtime-migration",
  proves:
    "a column of a million rows is split: expand, backfill, switch, constraint, contract, and nobody notices",
  usual: false,
  run: async (context) => {
    await names.beforeSplit(context);
    const { deploy, putBack } = names.quickly(context);
    await names.addGuardians(context, "prod", rows);
    const writers = startWriters(context, "prod", names.firstOf(renamed));
    const seen = await underLoad(context, "prod", async () => {
      await deploy("1.1.0");
      const [rowsBackfilled] = await Promise.all([names.backfill(context, "prod"), names.showSplit(context)]);
      await context.expect(0, "flag", { NAME: "guardian-names", PERCENTAGE: "100" });
      await deploy("1.4.0");
      await context.expect(0, "migrate", { VERSION: "1.5.0" });
      return { rowsBackfilled };
    }).finally(() => writers.stop().then(putBack));
    assert.ok(Number(seen.rowsBackfilled) >= rows - renamed, "every row must have been filled");
    assert.deepEqual(writers.seen.failures.slice(0, 5), [], "no write may fail");
    assert.equal(await revisionOf(context, "prod"), "d2c94f60", "the contract must be done");
    assert.deepEqual(await names.lostNames(context, "prod", writers.seen.names), [], "no write may be lost");
    await names.removeGuardians(context, "prod");
    await context.expect(0, "rollback", { VERSION: base.version, DATABASE: "downgrade" });
    return together(seen, writers.seen);
  },
};
