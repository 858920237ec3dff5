import assert from "node:assert/strict";
import { drillFigures, enlarge } from "../recovery";
import { bringLive } from "../releases";
import type { Scenario } from "../scenario";

export const pitrDrill: Scenario = {
  name: "pitr-drill",
  proves: "the database comes back to one instant, row for row, while traffic and other writers go on (D2)",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const writer = await enlarge(context, "prod");
    const load = context.load("prod");
    const result = await context.expect(0, "drill");
    await load.stop();
    await writer.stop();
    const failed = load.observations.filter((seen) => seen.outcome === "failed").length;
    assert.equal(failed, 0, `nobody may notice a drill; ${context.failures(load)}`);
    const { drill } = (await context.expect(0, "status")).json as { drill: { ok: boolean; passed: unknown } };
    assert.ok(drill.ok && drill.passed, "the status must show it");
    return { ...drillFigures(result), rowsWritten: writer.rows(), failedRequests: failed };
  },
};
