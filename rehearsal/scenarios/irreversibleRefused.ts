import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  allInPlace,
  irreversible,
  prepareIrreversible,
  refusedWays,
  writeMigration,
} from "../harness/act/irreversible";
import type { Scenario } from "../harness/scenario";

export const irreversibleRefused: Scenario = {
  name: "irreversible-refused",
  proves:
    "a change that cannot be undone is refused for each thing that is missing, by name, and nothing is changed",
  usual: false,
  run: async (context) => {
    await prepareIrreversible(context);
    const command = await context.expect(4, "migrate", { VERSION: irreversible.version });
    assert.match(command.stderr, /may not run now/, "the command must say the same");
    let refused = 0;
    for (const [name, ground, spoil] of refusedWays) {
      await allInPlace(context);
      await spoil(context);
      const before = await context.everything("prod");
      const file = context.stackFile("prod");
      await writeMigration(context);
      const up = await context.plainUp("prod");
      writeFileSync(join(context.copy, "Pulumi.prod.yaml"), file);
      assert.notEqual(up.exitCode, 0, `${name}: must be refused`);
      const grounds = [...(up.stdout + up.stderr).matchAll(/may not run now \(([a-z-]+)\)/g)].map(
        ([, one]) => one,
      );
      assert.deepEqual([...new Set(grounds)], [ground], `${name}: must be refused for that reason only`);
      assert.deepEqual(await context.everything("prod"), before, `${name}: nothing may have changed`);
      context.note(`refused: ${name}`);
      refused++;
    }
    return { refused };
  },
};
