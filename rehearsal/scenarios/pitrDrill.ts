import assert from "node:assert/strict";
import { inDatabase } from "../harness/observe/jobs";
import { drillFigures } from "../harness/observe/recovery";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const pitrDrill: Scenario = {
  name: "pitr-drill",
  proves: "the database comes back to one instant, row for row, while traffic and other writers go on (D2)",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const load = context.load("prod");
    const drilled = await inDatabase(context, "prod", async (client) => {
      // 50 MB more, so that there is something to restore.
      await client.query(
        "CREATE TABLE ballast AS SELECT n, repeat(md5(n::text), 30) pad FROM generate_series(1, 51200) n",
      );
      let [rowsWritten, isWriting] = [0, true];
      const writing = (async () => {
        for (; isWriting; rowsWritten += 1)
          await client.query("INSERT INTO ballast VALUES (0, md5(random()::text))");
        await client.query("DROP TABLE ballast");
      })();
      const result = await context.make("drill");
      isWriting = false;
      await writing;
      return { ...drillFigures(result), rowsWritten };
    });
    await load.stop();
    const failedRequests = load.observations.filter((seen) => seen.outcome === "failed").length;
    assert.equal(failedRequests, 0, `nobody may notice a drill; ${context.failures(load)}`);
    const { drill } = (await context.expect(0, "status")).json as { drill: { ok: boolean; passed: unknown } };
    assert.ok(drill.ok && drill.passed, "the status must show it");
    return { ...drilled, failedRequests };
  },
};
