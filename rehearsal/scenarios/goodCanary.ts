import assert from "node:assert/strict";
import { answeredBy, shareFigures, verdictOf } from "../harness/observe/canaryFigures";
import { jobFigures } from "../harness/observe/jobs";
import { figuresOf } from "../harness/observe/load";
import { bringLive, deployToStaging, digestOf, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

/** Points by which the measured share may miss 10 %: four standard deviations of 10,000 requests. */
const tolerance = 1.2;

export const goodCanary: Scenario = {
  name: "good-canary",
  proves: "a good release gets a tenth of the traffic, a bounded share of the jobs, and is promoted",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-good");
    await deployToStaging(context, version);
    // Long enough for 10,000 requests.
    const restore = context.set("prod", "gate", { holdSeconds: 60, deadlineSeconds: 120 });
    const load = context.load("prod", 200);
    const result = await context.expect(0, "deploy", { VERSION: version }).finally(restore);
    await load.stop();
    const digest = digestOf(context, version);
    const until = verdictOf(result).at;
    const share = shareFigures(load, digest, until);
    assert.ok(share.requests >= 10_000, `10,000 requests are needed, there were ${share.requests}`);
    assert.ok(Math.abs(share.share - 10) <= tolerance, `the share is ${share.share.toFixed(2)} %`);
    const { failedRequests } = figuresOf(load.observations);
    assert.equal(failedRequests, 0, `no request may fail; ${context.failures(load)}`);
    const from = answeredBy(load, digest)[0]?.at ?? until;
    const jobs = await jobFigures(context, load, { digest, from, to: until });
    assert.ok(
      (jobs.jobShare ?? 0) <= 0.4,
      "a third of the workers is the canary's, within what chance makes of it",
    );
    return { ...share, failedRequests, ...jobs };
  },
};
