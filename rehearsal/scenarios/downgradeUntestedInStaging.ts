import assert from "node:assert/strict";
import { base, importRevisions, forgetShown, notes, removeImported } from "../harness/act/importedRevisions";
import type { Scenario } from "../harness/scenario";

const [STACK, VERSION] = ["staging", notes.version] as const;

export const downgradeUntestedInStaging: Scenario = {
  name: "downgrade-untested-in-staging",
  proves:
    "production takes a revision only once staging's own database has gone down from it and up again (B5)",
  usual: false,
  run: async (context) => {
    await importRevisions(context, notes);
    await forgetShown(context, notes);
    const load = context.load(STACK, 50);
    try {
      await context.expect(0, "deploy", { STACK, VERSION });
      const before = await context.everything("prod");
      for (const target of ["deploy", "migrate"]) {
        const { json, stderr } = await context.expect(4, target, { VERSION });
        assert.deepEqual(json.failed, ["downgraded-in-staging"], `${target}: refused for that alone`);
        assert.match(stderr, /make prove-downgrade STACK=staging/, "and it must say what to do");
      }
      assert.deepEqual(await context.everything("prod"), before, "nothing may have changed");
      await context.expect(0, "prove-downgrade", { STACK, VERSION: base.version, YES: "1" });
      await context.expect(0, "checklist", { VERSION });
      return { refused: 2 };
    } finally {
      await load.stop();
      await removeImported(context, notes);
    }
  },
};
