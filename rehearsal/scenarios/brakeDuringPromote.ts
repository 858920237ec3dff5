import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { answeredBy } from "../harness/observe/canaryFigures";
import { jobFigures } from "../harness/observe/jobs";
import { figuresOf } from "../harness/observe/load";
import { silenceProviders } from "../harness/machine/outages";
import { bringLive, digestOf, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const brakeDuringPromote: Scenario = {
  name: "brake-during-promote",
  proves: "an update in flight that still gives the bad release all traffic loses against the brake",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-hung");
    const load = context.load("prod");
    const deploy = context.start("deploy", { VERSION: version, ...unseenByStaging });
    assert.ok(await deploy.says(/> promote: pulumi up/), "there must be a promotion");
    const workers = /Deployment release-\w+-worker updating/;
    const earlier = deploy.lines.filter((line) => workers.test(line)).length;
    assert.ok(await deploy.says(workers, earlier + 1), "the update must have begun");
    const goOn = silenceProviders(context);
    // The command hangs; the engine, of which the program was admitted already, has yet to move the rule.
    deploy.signal("SIGSTOP", true);
    const rollback = context.start("rollback", { VERSION: "1.2.0" });
    assert.ok(await rollback.says(/ending deploy of/).finally(goOn), "the brake must be on first");
    const back = await rollback.result;
    assert.equal(back.exitCode, 0, back.stderr.split("\n").slice(-25).join("\n"));
    deploy.signal("SIGKILL");
    await load.stop();
    await isServedBy(context, "1.2.0", digestOf(context, version));
    const reasserted = (back.stderr.match(/the rule was put to/g) ?? []).length;
    assert.ok(reasserted > 0, "the update must have moved the rule, or nothing is proved here");
    assert.equal(figuresOf(load.observations).failedRequests, 0, context.failures(load));
    const last = answeredBy(load, digestOf(context, version)).at(-1)?.at ?? back.startedAt;
    const figures = { ...figuresOf(load.observations), ...(await jobFigures(context, load)) };
    return { ...figures, reasserted, lastOnBadSeconds: (last - back.startedAt) / 1000 };
  },
};
