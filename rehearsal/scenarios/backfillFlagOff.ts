import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { parameters } from "../../decisions/stack/names";
import {
  backfillFlag,
  flagBackfill,
  jobsOf,
  progressOf,
  underBackfill,
  untilFilled,
} from "../harness/act/guardianNames";
import type { Scenario } from "../harness/scenario";

const flag = parameters.flag("prod", backfillFlag);

/** From a flag's write to the last row: it is read every second, and looked at before every few rows. */
const mostSeconds = 2;

export const backfillFlagOff: Scenario = {
  name: "backfill-flag-off",
  proves: "a backfill stops within two seconds of its flag, and goes on where it was once that is on again",
  usual: false,
  run: (context) =>
    underBackfill(context, { rows: 30_000, ratePerSecond: 1500 }, async (before) => {
      const rests = async (since: number) => {
        await sleep(mostSeconds * 1000);
        const last = await progressOf(context, "prod");
        await sleep(3000);
        assert.deepEqual(await progressOf(context, "prod"), last, "no row may be changed while it is off");
        return Math.max(0, (last.at - since) / 1000);
      };
      await flagBackfill(context, "prod", 100);
      await untilFilled(context, before, 2000);
      const on = JSON.parse((await context.parameter(flag)) ?? "{}") as object;
      // By hand, so that nothing but the flag changes: the Job is still there, and waits.
      await context.setParameter(flag, { ...on, targeting: undefined });
      const stoppedAfterSeconds = await rests(Date.now());
      assert.match(await jobsOf(context), /backfill-guardian-names/, "the Job must wait for its flag");
      await context.setParameter(flag, on);
      await untilFilled(context, await progressOf(context, "prod"), 2000);
      await flagBackfill(context, "prod", 0);
      await rests(Date.now());
      assert.doesNotMatch(await jobsOf(context), /backfill-guardian-names/, "the command ends the Job too");
      await flagBackfill(context, "prod", 100);
      return { stoppedAfterSeconds };
    }),
};
