import assert from "node:assert/strict";
import { base, bringBase } from "../harness/act/importedRevisions";
import { withoutApproval } from "../harness/act/missingEvidence";
import type { Scenario } from "../harness/scenario";
import { revisionOf } from "../harness/observe/sessions";
import { approveLoss } from "../harness/act/signers";

const ways = [
  ["downgrade", { REVISION: "3f2a77aa", YES: "1" }],
  ["rollback", { VERSION: "1.0.0", DATABASE: "downgrade" }],
] as const;

export const lossyDowngradeRefused: Scenario = {
  name: "lossy-downgrade-refused",
  proves:
    "the database goes down over what somebody wrote only once somebody else than its author has agreed to that",
  usual: false,
  run: async (context) => {
    await bringBase(context);
    withoutApproval(context, base.revision);
    const before = await context.everything("prod");
    for (const [target, variables] of ways) {
      const { stderr } = await context.expect(4, target, variables);
      assert.match(
        stderr,
        /9c1b0d2f loses what was written since/,
        `${target} must say what is lost by which`,
      );
      assert.match(stderr, /make approve CHANGE=9c1b0d2f|point in time/, "and what can be done");
      assert.deepEqual(await context.everything("prod"), before, `${target}: nothing may have changed`);
    }
    approveLoss(context.copy, base.revision);
    await context.expect(0, "rollback", { VERSION: "1.0.0", DATABASE: "downgrade" });
    assert.equal(await revisionOf(context, "prod"), "8c0d1b2e", "with the approval it must go down");
    return { refused: ways.length };
  },
};
