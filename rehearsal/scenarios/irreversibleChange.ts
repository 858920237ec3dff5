import assert from "node:assert/strict";
import {
  approveAs,
  irreversible,
  notify,
  prepareIrreversible,
  setRecovery,
} from "../harness/act/irreversible";
import type { Scenario } from "../harness/scenario";

export const irreversibleChange: Scenario = {
  name: "irreversible-change",
  proves:
    "a change that cannot be undone runs once somebody else approved it, guardians were told, and data can be recovered",
  usual: false,
  run: async (context) => {
    await prepareIrreversible(context);
    // A recovery point of two hours ago: the command takes one on the spot.
    await setRecovery(context, 24, 2);
    // Not the history: after refused updates a command first applies the published release again.
    const before = await context.published("prod");
    await context.expect(4, "migrate", { VERSION: irreversible.version });
    assert.deepEqual(await context.published("prod"), before, "without an approval nothing may change");
    await approveAs(context, "bo");
    await notify(context, 49);
    await context.expect(0, "notify-guardians", { CHANGE: irreversible.revision });
    const load = context.load("prod");
    await context.expect(0, "migrate", { VERSION: irreversible.version });
    await load.stop();
    const failed = load.observations.filter((seen) => seen.outcome === "failed").length;
    assert.equal(failed, 0, context.failures(load));
    const { migration } = (await context.published("prod")) ?? {};
    assert.equal(migration?.revision, irreversible.revision, "the database must be at the revision");
    return { requests: load.observations.length, failedRequests: failed };
  },
};
