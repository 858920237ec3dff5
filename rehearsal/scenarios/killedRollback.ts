import assert from "node:assert/strict";
import { jobFigures } from "../harness/observe/jobs";
import { killInEveryStep } from "../harness/machine/killing";
import { figuresOf } from "../harness/observe/load";
import { allow, bringLive, digestOf, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const killedRollback: Scenario = {
  name: "killed-rollback",
  proves:
    "a rollback that is killed in any of its steps is finished by running it again, and nothing shows of it",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const bad = variant(context, "1.2.0-leaves");
    const restore = context.set("prod", "gate", { holdSeconds: 5, minRequests: 20, bakeMinutes: 0.05 });
    const load = context.load("prod", 100);
    try {
      const steps = await killInEveryStep(context, async () => {
        if (await context.refused("prod", digestOf(context, bad))) await allow(context, "prod", bad);
        await context.expect(0, "deploy", { VERSION: bad, ...unseenByStaging });
        return { target: "rollback", variables: { VERSION: "1.2.0" }, parts: {} };
      });
      await load.stop();
      const figures = figuresOf(load.observations);
      assert.equal(figures.failedRequests, 0, `no request may fail; ${context.failures(load)}`);
      return { ...figures, ...(await jobFigures(context, load)), killedIn: steps };
    } finally {
      restore();
      await load.stop();
    }
  },
};
