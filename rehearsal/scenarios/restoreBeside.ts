import assert from "node:assert/strict";
import { copiesLeft, killRestore, loseRows } from "../harness/observe/recovery";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const restoreBeside: Scenario = {
  name: "restore-beside",
  proves:
    "rows that were deleted by mistake are found in a copy as of before; the live database is not touched",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const { before, rows, left } = await loseRows(context, "prod");
    await killRestore(context, before);
    const result = await context.expect(0, "restore", { TO: before });
    const {
      rows: found,
      copy,
      removedLeftovers,
    } = result.json as {
      rows: { table: string; live: number; restored: number }[];
      copy: { id: string };
      removedLeftovers?: string[];
    };
    const grades = found.find(({ table }) => table === "public.grades");
    assert.deepEqual(
      grades,
      { table: "public.grades", live: left, restored: rows },
      "both counts must be shown",
    );
    assert.equal(removedLeftovers?.length, 1, "what the killed command left must have been removed");
    const again = await context.expect(0, "restore", { TO: before });
    assert.equal((again.json.copy as { id: string }).id, copy.id, "the same time again shows the same copy");
    await context.expect(2, "restore", { REMOVE: copy.id });
    await context.expect(0, "restore", { REMOVE: copy.id, YES: "1" });
    assert.deepEqual(copiesLeft(context), [], "nothing may be left");
    return { secondsToCopy: result.seconds, rowsRestored: rows, rowsLive: left };
  },
};
