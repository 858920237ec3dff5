import assert from "node:assert/strict";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const notValidatedInStaging: Scenario = {
  name: "not-validated-in-staging",
  proves: "production takes only what staging validated (A4)",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const before = await context.everything("prod");
    const result = await context.expect(4, "deploy", { VERSION: "1.2.0" });
    assert.match(result.stderr, /staging/, "the message must name staging");
    assert.deepEqual(await context.everything("prod"), before, "nothing may have changed");
    return { exitCode: result.exitCode };
  },
};
