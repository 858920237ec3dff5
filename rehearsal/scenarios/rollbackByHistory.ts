import { measureRollback } from "../harness/observe/measureRollback";
import { allow, bringLiveAfter } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const rollbackByHistory: Scenario = {
  name: "rollback-by-history",
  proves:
    "one command brings the release before back from stack history, by `make rollback` and by `deploy --version` alike",
  usual: true,
  run: async (context) => {
    await bringLiveAfter(context, "1.0.0", "1.1.0");
    const first = await measureRollback(context, "1.1.0", "1.0.0", [
      "make",
      "--no-print-directory",
      "rollback",
      "VERSION=1.0.0",
      "JSON=1",
    ]);
    // Forward again, by the same road: 1.1.0 is known good once it is no longer refused.
    await allow(context, "prod", "1.1.0");
    await context.expect(0, "deploy", { VERSION: "1.1.0" });
    const second = await measureRollback(context, "1.1.0", "1.0.0", [
      "npx",
      "--no-install",
      "deploy",
      "--version",
      "1.0.0",
      "--json",
    ]);
    return {
      ...first,
      ...Object.fromEntries(Object.entries(second).map(([name, value]) => [`${name}ByDeploy`, value])),
    };
  },
};
