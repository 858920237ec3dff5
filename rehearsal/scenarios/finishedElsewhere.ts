import assert from "node:assert/strict";
import { join } from "node:path";
import { isServedBy } from "../harness/act/badCanary";
import { killInStep } from "../harness/machine/killing";
import { bringLive, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";
import { cloneWorkingCopy } from "../harness/machine/workingCopy";

export const finishedElsewhere: Scenario = {
  name: "finished-elsewhere",
  proves: "a deploy that was killed in one clone is finished from another one, which has never seen it",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-moved");
    const elsewhere = join(context.home, "elsewhere");
    cloneWorkingCopy(context.copy, elsewhere);
    const variables = { VERSION: version, ...unseenByStaging };
    const load = context.load("prod", 100);
    const step = await killInStep(context, { target: "deploy", variables, parts: {} }, 5);
    assert.ok(step, "the deploy must have been killed");
    const rest = await context.start("deploy", variables, elsewhere).result;
    await load.stop();
    assert.equal(rest.exitCode, 0, rest.stderr.split("\n").slice(-25).join("\n"));
    await isServedBy(context, version);
    await context.expect(0, "sync");
    const published = await context.published("prod");
    assert.deepEqual(
      context.config("prod")["deployment-safety:release"],
      published,
      "sync must bring it here",
    );
    return { killedIn: step, finishedIn: rest.seconds };
  },
};
