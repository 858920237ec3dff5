import assert from "node:assert/strict";
import { measureRollback } from "../harness/observe/measureRollback";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const rollbackTwoVersions: Scenario = {
  name: "rollback-two-versions",
  proves:
    "a release that no slot holds any more is loaded again and switched to: from the third back to the first",
  usual: false,
  run: async (context) => {
    for (const version of ["1.0.0", "1.1.0", "1.2.0"]) await bringLive(context, version);
    const held = await context.published("prod");
    assert.ok(
      !Object.values(held?.slots ?? {}).some((slot) => slot?.version === "1.0.0"),
      "no slot may hold 1.0.0 any more",
    );
    return measureRollback(context, "1.2.0", "1.0.0", [
      "make",
      "--no-print-directory",
      "rollback",
      "VERSION=1.0.0",
      "JSON=1",
    ]);
  },
};
