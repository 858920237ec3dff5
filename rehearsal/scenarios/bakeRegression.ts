import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { takenBack } from "../harness/observe/canaryFigures";
import { bringLive, digestOf, unseenByStaging } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

const bad = "1.3.0-late";

export const bakeRegression: Scenario = {
  name: "bake-regression",
  proves:
    "a release that goes bad only once it has all the traffic is rolled back by itself, within its bake",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const restore = context.set("prod", "gate", { bakeMinutes: 0.5 });
    const load = context.load("prod", 100);
    const result = await context.expect(5, "deploy", { VERSION: bad, ...unseenByStaging }).finally(restore);
    await load.stop();
    assert.match(result.stderr, /> promote: pulumi up/, "it must have been promoted first");
    await isServedBy(context, "1.2.0", digestOf(context, bad));
    const firstFailure = load.observations.find(({ outcome }) => outcome === "failed")?.at ?? NaN;
    const { detectSeconds: _, ...figures } = await takenBack(context, load, result, bad);
    const verdictAt = result.startedAt + 1000 * (result.seconds - Number(figures.rollbackSeconds));
    return { ...figures, detectSeconds: (verdictAt - firstFailure) / 1000 };
  },
};
