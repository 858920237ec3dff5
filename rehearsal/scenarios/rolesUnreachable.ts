import assert from "node:assert/strict";
import { inDatabase } from "../harness/observe/jobs";
import { bringLiveAfter } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

/** What the records' reader may do, as the server says. */
const mayRead = `SELECT has_schema_privilege('reporting_reader', 'reporting', 'USAGE')
    AND has_table_privilege('reporting_reader', 'reporting.incident', 'SELECT') AS may`;

export const rolesUnreachable: Scenario = {
  name: "roles-unreachable",
  proves:
    "roles that cannot be made in the database stop an update forward, and neither a pause nor a way back; later they are made",
  usual: false,
  run: async (context) => {
    await bringLiveAfter(context, "1.0.0", "1.1.0");
    const takeBack = context.set("prod", "reporting", { database: "not_there" });
    const forward = await context.plainUp("prod");
    assert.notEqual(forward.exitCode, 0, "an update forward must not end well without the roles");
    assert.match(forward.stdout + forward.stderr, /"not_there" does not exist/);
    const pause = await context.expect(0, "pause");
    const rollback = await context.expect(0, "rollback", { VERSION: "1.0.0" });
    assert.equal(
      (await context.published("prod"))?.traffic,
      "open",
      "the way back must end with open traffic",
    );
    takeBack();
    const later = await context.plainUp("prod");
    assert.equal(later.exitCode, 0, `with the database back the roles must be made:\n${later.stdout}`);
    await inDatabase(context, "prod", async (client) => {
      const { rows } = await client.query<{ may: boolean }>(mayRead);
      assert.deepEqual(rows, [{ may: true }], "the reader must be able to read the records");
    });
    return { pauseSeconds: pause.seconds, rollbackSeconds: rollback.seconds, forward: "stopped" };
  },
};
