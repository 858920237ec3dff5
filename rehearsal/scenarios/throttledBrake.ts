import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { takenBack } from "../harness/observe/canaryFigures";
import { throttle } from "../harness/machine/outages";
import { allow, bringLive, digestOf, unseenByStaging } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

const bad = "1.3.0-errors";

export const throttledBrake: Scenario = {
  name: "throttled-brake",
  proves:
    "a brake whose calls AWS throttles still takes a bad canary back, and never takes a throttled call for done",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const digest = digestOf(context, bad);
    if (await context.refused("prod", digest)) await allow(context, "prod", bad);
    const load = context.load("prod", 100);
    const deploy = context.start("deploy", { VERSION: bad, ...unseenByStaging });
    assert.ok(await deploy.says(/> canary held/), "there must be a canary");
    // What was in flight is done: the next change of the rule, and what is written before it, are the brake's.
    const end = await throttle(context, ["ModifyRule", "PutParameter"], 6);
    const result = await deploy.result;
    const throttledCalls = await end();
    await load.stop();
    assert.equal(result.exitCode, 5, "it must end as rolled back");
    assert.ok(throttledCalls >= 6, `the brake must have been throttled; ${throttledCalls} calls were`);
    await isServedBy(context, "1.2.0", digest);
    return { throttledCalls, ...(await takenBack(context, load, result, bad)) };
  },
};
