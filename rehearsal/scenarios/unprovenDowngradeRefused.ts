import assert from "node:assert/strict";
import { base } from "../harness/act/importedRevisions";
import { unprovenWays, without } from "../harness/act/missingEvidence";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

const ways = [
  ["downgrade", { REVISION: "3f2a77aa", YES: "1" }],
  ["rollback", { VERSION: "1.1.0", DATABASE: "downgrade" }],
] as const;

export const unprovenDowngradeRefused: Scenario = {
  name: "unproven-downgrade-refused",
  proves: "the database is taken down by nobody while a revision's way down is not proved as its file is now",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.1.0");
    await bringLive(context, base.version);
    const before = await context.everything("prod");
    let refused = 0;
    for (const [name, spoil] of unprovenWays)
      await without(context, spoil, async () => {
        for (const [target, variables] of ways) {
          const { stderr } = await context.expect(4, target, variables);
          assert.match(stderr, /downgrade of 9c1b0d2f is not proved/, `${name}: ${target} must say which`);
          assert.match(stderr, /make prove-migrations REVISION=9c1b0d2f/, "and what to do");
          assert.deepEqual(await context.everything("prod"), before, `${name}: nothing may have changed`);
          refused++;
        }
      });
    return { refused };
  },
};
