import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { figuresOf } from "../harness/observe/load";
import { takeTableAway } from "../harness/machine/outages";
import { bringLive, digestOf, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const burstOnBoth: Scenario = {
  name: "burst-on-both",
  proves: "errors that both slots have alike are no canary's fault: it is promoted",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-burst");
    // Long enough that the canary's own errors are few among its requests, as on a day's traffic.
    const restore = context.set("prod", "gate", { holdSeconds: 30, deadlineSeconds: 120 });
    const load = context.load("prod", 100);
    const deploy = context.start("deploy", { VERSION: version, ...unseenByStaging });
    assert.ok(await deploy.says(/> canary held/), "there must be a canary");
    await sleep(5000);
    await takeTableAway(context, "prod", "guardians", 2);
    const { exitCode, stderr } = await deploy.result.finally(restore);
    await load.stop();
    assert.equal(exitCode, 0, `it must be promoted; it said:\n${stderr.split("\n").slice(-25).join("\n")}`);
    const failed = load.observations.filter(({ outcome }) => outcome === "failed");
    const byCanary = failed.filter(({ digest }) => digest === digestOf(context, version)).length;
    assert.ok(byCanary > 0 && byCanary < failed.length, "both slots must have had errors");
    return { ...figuresOf(load.observations), failedByCanary: byCanary };
  },
};
