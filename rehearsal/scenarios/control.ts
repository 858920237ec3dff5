import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { other } from "../../decisions/stack/names";
import { figuresOf } from "../harness/observe/load";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const control: Scenario = {
  name: "control",
  proves:
    "the rehearsal can fail: weights that move before there are targets behind them cost requests, and these are counted",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    await context.expect(0, "empty-idle", { YES: "1" });
    const release = await context.published("prod");
    assert.ok(release, "prod must have a release");
    const load = context.load("prod");
    await sleep(3000);
    context.note("all the weight goes to the empty slot, behind the program's back");
    await context.shiftWeight("prod", other(release.live));
    await sleep(4000);
    await context.shiftWeight("prod", release.live);
    await sleep(4000);
    await load.stop();
    const figures = figuresOf(load.observations);
    assert.ok(
      figures.failedRequests > 0,
      "requests must have failed: otherwise no zero of another scenario means anything",
    );
    return { ...figures };
  },
};
