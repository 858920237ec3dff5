import assert from "node:assert/strict";
import { other } from "../../decisions/stack/names";
import { bringLive, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const weightsDrifted: Scenario = {
  name: "weights-drifted",
  proves:
    "a deploy does not start while somebody's hand has moved the traffic, and says where it is and should be",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-drifted");
    const live = (await context.published("prod"))?.live ?? "blue";
    await context.shiftWeight("prod", other(live), 20);
    const before = await context.everything("prod");
    const result = await context.expect(4, "deploy", { VERSION: version, ...unseenByStaging });
    assert.match(result.stderr, /live-weights.*80/s, "it must say where the traffic is");
    assert.deepEqual(await context.everything("prod"), before, "nothing may have changed");
    await context.shiftWeight("prod", live, 100);
    return { exitCode: result.exitCode };
  },
};
