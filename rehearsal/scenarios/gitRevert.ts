import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commitAs } from "../harness/act/irreversible";
import { bringLive } from "../harness/act/releases";
import { measureRollback } from "../harness/observe/measureRollback";
import type { Scenario } from "../harness/scenario";

export const gitRevert: Scenario = {
  name: "git-revert",
  proves:
    "`make apply` takes the revert of a release's commit for a rollback, and refuses an old file and the revert of the revert",
  usual: false,
  run: async (context) => {
    const commit = (text: string, message: string) => {
      writeFileSync(join(context.copy, "Pulumi.prod.yaml"), text);
      commitAs(context, "dina", message);
    };
    await bringLive(context, "1.0.0");
    const before = context.stackFile("prod");
    commit(before, "prod has 1.0.0");
    await bringLive(context, "1.1.0");
    const after = context.stackFile("prod");
    writeFileSync(join(context.copy, "Pulumi.prod.yaml"), before);
    const old = await context.expect(4, "apply", { YES: "1" });
    assert.match(old.stderr, /old, not reverted[\s\S]*next: make sync/);
    commit(after, "prod has 1.1.0");
    commit(before, "Revert: prod has 1.1.0");
    const words = ["make", "--no-print-directory", "apply", "YES=1", "JSON=1"];
    const figures = await measureRollback(context, "1.1.0", "1.0.0", words);
    commit(context.stackFile("prod"), "as the rollback left it");
    commit(after, "Revert: Revert: prod has 1.1.0");
    const again = await context.expect(4, "apply", { YES: "1" });
    assert.match(again.stderr, /is refused[\s\S]*next: make unblock DIGEST=/);
    await context.expect(0, "sync");
    return figures;
  },
};
