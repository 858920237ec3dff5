import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { isServedBy } from "../harness/act/badCanary";
import { base, twoNames, withRevisions } from "../harness/act/importedRevisions";
import { underLoad } from "../harness/observe/lockWaits";
import { until } from "../harness/machine/processes";
import type { Scenario } from "../harness/scenario";
import { revisionOf } from "../harness/observe/sessions";
import { startWriters, together } from "../harness/act/writers";

const people = { single: false };
const nameOf = (n: number) => (people.single && n % 4 === 3 ? `Madonna${n}` : `Given${n} Family`);

export const migrationRollback: Scenario = {
  name: "migration-rollback",
  proves:
    "a migration that breaks the live release is rolled back: traffic paused, database down, checked, opened",
  usual: false,
  run: (context) =>
    withRevisions(context, twoNames, async () => {
      people.single = false;
      const writers = startWriters(context, "prod", { first: 1, last: 200 }, nameOf);
      const figures = await underLoad(context, "prod", async () => {
        await context.expect(0, "migrate", { VERSION: twoNames.version });
        assert.equal(writers.seen.failedRequests, 0, "while everybody has two names nobody may fail");
        people.single = true;
        await until("people fail", 30, () => Promise.resolve(writers.seen.failedRequests > 0));
        const back = await context.expect(0, "rollback", { VERSION: base.version, DATABASE: "downgrade" });
        const steps = (back.json.updates as { step: string }[]).map(({ step }) => step);
        assert.deepEqual(steps, ["rollback", "downgrade", "validate"], "paused, taken down, opened");
        const { failedRequests: failed } = writers.seen;
        await sleep(5000);
        assert.equal(writers.seen.failedRequests, failed, "after it nobody may fail");
        return { rollbackSeconds: back.seconds };
      }).finally(() => writers.stop());
      await isServedBy(context, base.version);
      assert.equal(await revisionOf(context, "prod"), base.revision, "the database must have gone down");
      return together(figures, writers.seen);
    }),
};
