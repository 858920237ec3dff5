import assert from "node:assert/strict";
import { figuresOf } from "../harness/observe/load";
import { bringLive, deployToStaging, digestOf } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const secondRelease: Scenario = {
  name: "second-release",
  proves:
    "a release with other code and another schema goes through a canary to all of production without one failed request",
  usual: true,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    await deployToStaging(context, "1.1.0");
    const before = (await context.history("prod")).length;
    const load = context.load("prod");
    await context.expect(0, "deploy", { VERSION: "1.1.0" });
    await load.stop();
    const figures = figuresOf(load.observations);
    assert.equal(figures.failedRequests, 0, `no request may fail; ${context.failures(load)}`);
    assert.equal(figures.pausedRequests, 0, "no request may meet a pause");
    const served = load.observations.filter((seen) => seen.digest === digestOf(context, "1.1.0")).length;
    assert.ok(
      served > 0 && load.observations.at(-1)?.digest === digestOf(context, "1.1.0"),
      "1.1.0 must serve in the end",
    );
    return { ...figures, upCount: (await context.history("prod")).length - before };
  },
};
