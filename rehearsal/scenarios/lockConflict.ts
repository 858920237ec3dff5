import assert from "node:assert/strict";
import { notes, withRevisions } from "../harness/act/importedRevisions";
import { underLoad } from "../harness/observe/lockWaits";
import type { Scenario } from "../harness/scenario";
import { forgetTransaction, revisionOf } from "../harness/observe/sessions";

const VERSION = notes.version;
/** Seconds: 40 tries of 50 ms, pauses of at most 375 ms between them, and the update around it. */
const mostSeconds = 45;
/** Milliseconds: the lock timeout of 50, and what a busy machine is late with ending the statement. */
const mostBlocked = 100;

export const lockConflict: Scenario = {
  name: "lock-conflict",
  proves:
    "a migration gives up in bounded time where a long transaction is in its way, and keeps nobody waiting",
  usual: false,
  run: (context) =>
    withRevisions(context, notes, async () => {
      const figures = await underLoad(context, "prod", async () => {
        const close = await forgetTransaction(context, "prod", "grades");
        const before = await context.everything("prod");
        const gaveUp = await context.expect(5, "migrate", { VERSION });
        await close();
        assert.match(gaveUp.stderr, /session \d+ of report/, "it must say who holds the table");
        assert.ok(gaveUp.seconds <= mostSeconds, `it took ${gaveUp.seconds} s of at most ${mostSeconds}`);
        assert.deepEqual(await context.everything("prod"), before, "nothing may have changed");
        await context.expect(0, "migrate", { VERSION });
        assert.equal(await revisionOf(context, "prod"), notes.revisions.at(-1), "then it must run through");
        return { secondsToGiveUp: gaveUp.seconds };
      });
      const { maxBlockedWriterMs } = figures;
      assert.ok(maxBlockedWriterMs > 0, "without anybody who waits nothing is shown");
      assert.ok(maxBlockedWriterMs <= mostBlocked, `somebody waited ${maxBlockedWriterMs} ms for it`);
      return figures;
    }),
};
