import assert from "node:assert/strict";
import { jobFigures } from "../harness/observe/jobs";
import { killInEveryStep } from "../harness/machine/killing";
import { figuresOf } from "../harness/observe/load";
import { bringLive, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const killedDeploy: Scenario = {
  name: "killed-deploy",
  proves:
    "a deploy that is killed in any of its steps is finished by running it again, and nothing shows of it",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const quick = { holdSeconds: 5, minRequests: 20, bakeMinutes: 0.05 };
    const restore = context.set("prod", "gate", quick);
    const load = context.load("prod", 100);
    let old = "1.2.0";
    try {
      const steps = await killInEveryStep(context, (nth) => {
        const version = variant(context, `1.2.0-killed-${String(nth).padStart(2, "0")}`);
        const parts = { [version]: "new", [old]: "old" };
        old = version;
        const variables = { VERSION: version, ...unseenByStaging };
        return Promise.resolve({ target: "deploy", variables, parts });
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
