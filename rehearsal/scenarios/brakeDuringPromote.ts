import assert from "node:assert/strict";
import { isServedBy } from "../badCanary";
import { answeredBy } from "../canaryFigures";
import { jobFigures } from "../jobs";
import { figuresOf } from "../load";
import { bringLive, digestOf, unseenByStaging, variant } from "../releases";
import type { Scenario } from "../scenario";

export const brakeDuringPromote: Scenario = {
  name: "brake-during-promote",
  proves: "an update in flight that still gives the bad release all traffic loses against the brake",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-hung");
    const load = context.load("prod", 100);
    const deploy = context.begin("deploy", { VERSION: version, ...unseenByStaging });
    assert.ok(await deploy.says(/> promote: pulumi up/), "there must be a promotion");
    // The command hangs, as on a machine that went to sleep; the engine that it started goes on.
    deploy.signal("SIGSTOP", true);
    const back = await context.expect(0, "rollback", { VERSION: "1.2.0" });
    deploy.signal("SIGKILL");
    await load.stop();
    await isServedBy(context, "1.2.0", digestOf(context, version));
    const reasserted = (back.stderr.match(/the rule was put to/g) ?? []).length;
    assert.ok(reasserted > 0, "the update must have moved the rule, or nothing is proved here");
    const figures = figuresOf(load.observations);
    assert.equal(figures.failedRequests, 0, `no request may fail; ${context.failures(load)}`);
    const last = answeredBy(load, digestOf(context, version)).at(-1)?.at ?? back.startedAt;
    const jobs = await jobFigures(context, load);
    return { ...figures, ...jobs, reasserted, lastOnBadSeconds: (last - back.startedAt) / 1000 };
  },
};
