import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { answeredBy, verdictOf } from "../harness/observe/canaryFigures";
import { figuresOf } from "../harness/observe/load";
import { silenceMetrics } from "../harness/machine/outages";
import { bringLive, digestOf, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const metricsOutage: Scenario = {
  name: "metrics-outage",
  proves: "a canary of which nothing is known is held and never promoted, however well it is",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-unseen");
    const load = context.load("prod", 100);
    const deploy = context.start("deploy", { VERSION: version, ...unseenByStaging });
    assert.ok(await deploy.says(/> canary held/), "there must be a canary");
    const restore = silenceMetrics(context);
    const result = await deploy.result.finally(restore);
    await load.stop();
    assert.equal(result.exitCode, 5, "it must end unpromoted");
    assert.equal(verdictOf(result).verdict, "hold");
    await isServedBy(context, "1.2.0");
    assert.ok(!(await context.refused("prod", digestOf(context, version))), "nothing says that it is bad");
    const { requests, failedRequests } = figuresOf(load.observations);
    assert.equal(failedRequests, 0, `no request may fail; ${context.failures(load)}`);
    const onCanary = answeredBy(load, digestOf(context, version)).length;
    return { requests, failedRequests, onCanary, heldSeconds: result.seconds };
  },
};
