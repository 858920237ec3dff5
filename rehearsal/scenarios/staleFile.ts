import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const staleFile: Scenario = {
  name: "stale-file",
  proves:
    "a plain `pulumi up` from an old branch is refused, says what to run, and that makes the file current again",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const old = context.stackFile("prod");
    await bringLive(context, "1.1.0");
    const current = context.config("prod")["deployment-safety:release"];
    writeFileSync(join(context.copy, "Pulumi.prod.yaml"), old);
    const before = await context.everything("prod");
    const up = await context.plainUp("prod");
    assert.notEqual(up.exitCode, 0, "the up must be refused");
    assert.match(
      up.stdout + up.stderr,
      /behind[\s\S]*make sync/,
      "it must say what is wrong and what to run",
    );
    assert.deepEqual(await context.everything("prod"), before, "nothing may have changed");
    await context.expect(0, "sync");
    assert.deepEqual(context.config("prod")["deployment-safety:release"], current);
    const again = await context.plainUp("prod");
    assert.equal(again.exitCode, 0, again.stderr);
    return { exitCode: up.exitCode };
  },
};
