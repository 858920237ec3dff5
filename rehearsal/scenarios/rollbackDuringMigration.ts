import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { base, notes, withRevisions } from "../harness/act/importedRevisions";
import { underLoad } from "../harness/observe/lockWaits";
import { until } from "../harness/machine/processes";
import { unseenByStaging } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";
import { forgetTransaction, revisionOf, statementsOfOurs } from "../harness/observe/sessions";

const VERSION = notes.version;

export const rollbackDuringMigration: Scenario = {
  name: "rollback-during-migration",
  proves: "a rollback ends a migration at work, its Job and its database session, before its first update",
  usual: false,
  run: (context) =>
    withRevisions(context, notes, () =>
      underLoad(context, "prod", async () => {
        const close = await forgetTransaction(context, "prod", "pupils");
        const deploy = context.start("deploy", { VERSION, ...unseenByStaging });
        const isAtIndex = async () =>
          (await statementsOfOurs(context, "prod")).join().includes("CONCURRENTLY");
        await until("the migration waits for the forgotten transaction", 60, isAtIndex);
        const rollback = context.start("rollback", { VERSION: base.version });
        await rollback.says(/^ *[\d.]+ s {2}> .*pulumi up/);
        assert.deepEqual(await statementsOfOurs(context, "prod"), [], "no session may be left by then");
        const back = await rollback.result;
        assert.equal(back.exitCode, 0, back.stderr.split("\n").slice(-25).join("\n"));
        assert.notEqual((await deploy.result).exitCode, 0, "the deploy must have ended");
        await isServedBy(context, base.version);
        await close();
        await context.expect(0, "migrate", { VERSION });
        assert.equal(await revisionOf(context, "prod"), notes.revisions.at(-1), "the next one goes on");
        return { rollbackSeconds: back.seconds };
      }),
    ),
};
