import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { figuresOf } from "../harness/observe/load";
import { bringLive, digestOf, unseenByStaging, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const lockHeld: Scenario = {
  name: "lock-held",
  proves:
    "a second deploy is refused and says who holds the stack and since when; a rollback may end the first one",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-first");
    const load = context.load("prod", 100);
    const first = context.start("deploy", { VERSION: version, ...unseenByStaging, ACTOR: "Nadia" });
    assert.ok(await first.says(/> canary held/), "there must be a canary");
    const second = await context.expect(7, "deploy", { VERSION: version, ...unseenByStaging, ACTOR: "Omar" });
    assert.match(second.stderr, /Nadia/, "it must say who");
    assert.match(second.stderr, /since/, "and since when");
    assert.ok((await context.parameters("prod")).has("lease"), "the first one goes on");
    const back = await context.expect(0, "rollback", { VERSION: "1.2.0" });
    const ended = await first.result;
    await load.stop();
    assert.ok(
      [7, 130].includes(ended.exitCode),
      `the deploy must have ended as told, not with ${ended.exitCode}`,
    );
    await isServedBy(context, "1.2.0", digestOf(context, version));
    const { requests, failedRequests } = figuresOf(load.observations);
    assert.equal(failedRequests, 0, `no request may fail; ${context.failures(load)}`);
    return { requests, failedRequests, refusedAfter: second.seconds, rollbackSeconds: back.seconds };
  },
};
