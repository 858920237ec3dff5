import assert from "node:assert/strict";
import { drillFigures, loseSegment } from "../recovery";
import { bringLive } from "../releases";
import type { Scenario } from "../scenario";

export const pitrDrillMissingWal: Scenario = {
  name: "pitr-drill-missing-wal",
  proves:
    "an archive with a segment missing in the middle is found out by the drill, which names the segment",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const { name, giveBack } = await loseSegment(context, "prod");
    const failed = await context.expect(4, "drill");
    assert.match(failed.stdout, new RegExp(`segment ${name} is missing`), "the report must name the segment");
    const { drill } = (await context.expect(0, "status")).json as { drill: { ok: boolean; detail: string } };
    assert.ok(!drill.ok && drill.detail.includes("failed"), "the status must show that it failed");
    await context.expect(4, "checklist", { VERSION: "1.0.0" });
    giveBack();
    return drillFigures(await context.expect(0, "drill"));
  },
};
