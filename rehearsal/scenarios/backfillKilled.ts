import assert from "node:assert/strict";
import { flagBackfill, killBackfill, underBackfill, untilFilled } from "../harness/act/guardianNames";
import type { Scenario } from "../harness/scenario";
import { endSessions } from "../harness/observe/sessions";

export const backfillKilled: Scenario = {
  name: "backfill-killed",
  proves:
    "a backfill whose process is killed and whose session is ended goes on behind the last row it has done",
  usual: false,
  run: (context) =>
    underBackfill(context, { rows: 40_000, ratePerSecond: 4000 }, async (before) => {
      await flagBackfill(context, "prod", 100);
      let at = await untilFilled(context, before, 8000);
      for (const end of [killBackfill, endSessions]) {
        await end(context);
        const begun = await untilFilled(context, at, 1);
        assert.ok(begun.cursor > at.cursor, "it must not begin anew");
        at = await untilFilled(context, at, 8000);
      }
      return { kills: 2 };
    }),
};
