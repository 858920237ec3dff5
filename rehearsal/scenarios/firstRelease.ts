import assert from "node:assert/strict";
import { digestOf, seed } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const firstRelease: Scenario = {
  name: "first-release",
  proves:
    "the first release of an empty stack goes through staging and opens in production only after its smoke tests",
  usual: true,
  run: async (context) => {
    let upCount = 0;
    for (const stack of ["staging", "prod"] as const) {
      await context.expect(0, "deploy", { STACK: stack, VERSION: "1.0.0" });
      await seed(context, stack, "1.0.0");
      const published = await context.published(stack);
      assert.equal(published?.slots[published.live]?.version, "1.0.0", `${stack} must have 1.0.0 live`);
      assert.equal(published?.validated, digestOf(context, "1.0.0"), `${stack} must have validated it`);
      upCount += (await context.history(stack)).length;
    }
    return { upCount };
  },
};
