import assert from "node:assert/strict";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const rollbackUnknownVersion: Scenario = {
  name: "rollback-unknown-version",
  proves:
    "a rollback to a version that history does not know is refused, names those it knows, and changes nothing",
  usual: true,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const before = await context.everything("prod");
    const result = await context.expect(2, "rollback", { VERSION: "9.9.9" });
    assert.match(result.stderr, /9\.9\.9/, "the message must name what was asked for");
    assert.match(result.stderr, /1\.0\.0/, "the message must name a version that can be taken");
    assert.deepEqual(await context.everything("prod"), before, "nothing may have changed");
    return { exitCode: result.exitCode };
  },
};
