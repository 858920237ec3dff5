import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { takeTableAway } from "../harness/machine/outages";
import { bringLive, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const budgetSpent: Scenario = {
  name: "budget-spent",
  proves:
    "a service that has spent its error budget takes no release, however healthy: only by name and with a reason",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-frugal");
    // So strict that an outage of some seconds burns it; with the usual one it would take half an hour.
    const restore = context.set("prod", "slo", { objective: 99.99 });
    const load = context.load("prod", 100);
    try {
      await takeTableAway(context, "prod", "pupils", 12);
      const refused = await context.expect(4, "deploy", { VERSION: version, ...unseenByStaging });
      assert.match(refused.stderr, /NOT OK Error budget is left/, "it must say that the budget is spent");
      await isServedBy(context, "1.2.0");
      const by = { ...unseenByStaging, OVERRIDE: "staging-validated,budget", REASON: "it is the correction" };
      await context.expect(0, "deploy", { VERSION: version, ...by });
      await isServedBy(context, version);
      const { failed } = refused.json as { failed?: string[] };
      return { requests: load.observations.length, failedChecks: failed ?? [] };
    } finally {
      restore();
      await load.stop();
    }
  },
};
