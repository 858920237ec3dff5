import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { measureRollback } from "../harness/observe/measureRollback";
import { bringLive, digestOf, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

/** Seconds from the command to the last request on the version that leaves, beyond what the load balancer itself took. */
const atMost = 3;

export const rollbackAfterPromotion: Scenario = {
  name: "rollback-after-promotion",
  proves:
    "after a promotion the release before is a change of weights away: within seconds it serves everything, and no request fails",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-promoted");
    const load = context.load("prod", 100);
    await context.expect(0, "deploy", { VERSION: version, ...unseenByStaging }).finally(() => load.stop());
    const words = ["make", "--no-print-directory", "rollback", "VERSION=1.2.0", "JSON=1"];
    const figures = await measureRollback(context, version, "1.2.0", words, 100);
    await isServedBy(context, "1.2.0", digestOf(context, version));
    const { secondsToOldVersion, propagationSeconds } = figures as Record<string, number>;
    const most = atMost + (propagationSeconds ?? 0);
    assert.ok((secondsToOldVersion ?? Infinity) <= most, `at most ${most.toFixed(1)} s are allowed`);
    return figures;
  },
};
