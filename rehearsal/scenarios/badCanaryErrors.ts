import assert from "node:assert/strict";
import { figuresOf } from "../load";
import { allow, bringLive, digestOf } from "../releases";
import type { Scenario } from "../scenario";

const bad = "1.3.0-errors";

export const badCanaryErrors: Scenario = {
  name: "bad-canary-errors",
  proves:
    "a canary that fails half of its requests is taken back by itself, and its digest is refused from then on",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    if (await context.refused("prod", digestOf(context, bad))) await allow(context, "prod", bad);
    const load = context.load("prod", 100);
    // Staging would have found it: a person who overrides that check is what puts it before people at all.
    const words = { OVERRIDE: "staging-validated,revision", REASON: "rehearsed mistake", ACTOR: "rehearsal" };
    await context.expect(5, "deploy", { VERSION: bad, ...words });
    await load.stop();
    const seen = load.observations.filter((one) => one.digest === digestOf(context, bad));
    const [first, last] = [seen.at(0)?.at, seen.at(-1)?.at];
    assert.ok(first !== undefined && last !== undefined, "people must have met the canary");
    const published = await context.published("prod");
    assert.equal(published?.slots[published.live]?.version, "1.0.0", "1.0.0 must serve again");
    assert.equal(published.validated, digestOf(context, "1.0.0"), "and be validated again");
    assert.ok(await context.refused("prod", digestOf(context, bad)), "the bad digest must be refused");
    const { requests, failedRequests } = figuresOf(load.observations);
    return { requests, failedRequests, requestsOnBad: seen.length, exposedSeconds: (last - first) / 1000 };
  },
};
