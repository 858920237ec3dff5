import assert from "node:assert/strict";
import { notes, withRevisions } from "../harness/act/importedRevisions";
import { missingEvidence, without } from "../harness/act/missingEvidence";
import { unseenByStaging } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

const release = { VERSION: notes.version, ...unseenByStaging };

export const checklistRefused: Scenario = {
  name: "checklist-refused",
  proves:
    "a release is refused for each thing that its revisions lack, for that alone, and nothing is changed",
  usual: false,
  run: (context) =>
    withRevisions(context, notes, async () => {
      await context.expect(0, "deploy", { ...release, DRY_RUN: "1" });
      const before = await context.everything("prod");
      for (const [name, check, spoil] of missingEvidence)
        await without(context, spoil, async () => {
          const { json } = await context.expect(4, "deploy", release);
          assert.deepEqual(json.failed, [check], `${name}: must be refused for that alone`);
          assert.deepEqual(await context.everything("prod"), before, `${name}: nothing may have changed`);
          context.note(`refused: ${name}`);
        });
      await context.expect(0, "deploy", { ...release, DRY_RUN: "1" });
      return { refused: missingEvidence.length };
    }),
};
