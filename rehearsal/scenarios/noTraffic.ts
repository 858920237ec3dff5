import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { verdictOf } from "../harness/observe/canaryFigures";
import { bringLive, digestOf, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const noTraffic: Scenario = {
  name: "no-traffic",
  proves:
    "without traffic there is no verdict: the canary is held, ends at its deadline unpromoted, and is not refused",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-silent");
    const restore = context.set("prod", "gate", { holdSeconds: 5, deadlineSeconds: 15 });
    try {
      const held = await context.expect(5, "deploy", { VERSION: version, ...unseenByStaging });
      assert.equal(verdictOf(held).verdict, "hold");
      await isServedBy(context, "1.2.0");
      assert.ok(!(await context.refused("prod", digestOf(context, version))), "nothing says that it is bad");
      // Without a name an override is none.
      await context.expect(2, "deploy", { VERSION: version, OVERRIDE: "gate", REASON: "nobody is here" });
      const by = { ...unseenByStaging, OVERRIDE: "staging-validated,gate", REASON: "nobody is here" };
      await context.expect(0, "deploy", { VERSION: version, ...by });
      await isServedBy(context, version);
      return { heldSeconds: held.seconds };
    } finally {
      restore();
    }
  },
};
