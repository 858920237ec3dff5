import assert from "node:assert/strict";
import { drillFigures } from "../harness/observe/recovery";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const pitrDrillTargetOutOfRange: Scenario = {
  name: "pitr-drill-target-out-of-range",
  proves:
    "a time before the oldest backup or after the newest log is a failed drill; PostgreSQL alone accepts the first",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    for (const [AT, reason] of [
      ["2020-01-01T00:00:00Z", /lies before the oldest backup/],
      ["2099-01-01T00:00:00Z", /lies after the newest log/],
    ] as const) {
      const { drill } = (await context.expect(4, "drill", { AT })).json;
      assert.match(
        JSON.stringify(drill),
        reason,
        "the report must say on which side it lies, and what there is",
      );
    }
    await context.expect(2, "drill", { AT: "2026-11-24T22:00:00" });
    return drillFigures(await context.expect(0, "drill"));
  },
};
