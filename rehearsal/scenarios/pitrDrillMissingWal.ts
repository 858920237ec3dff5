import assert from "node:assert/strict";
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { inDatabase } from "../harness/observe/jobs";
import { recoveryOf } from "../harness/machine/postgres";
import { until } from "../harness/machine/processes";
import { drillFigures } from "../harness/observe/recovery";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const pitrDrillMissingWal: Scenario = {
  name: "pitr-drill-missing-wal",
  proves:
    "an archive with a segment missing in the middle is found out by the drill, which names the segment",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.0.0");
    const name = await inDatabase(context, "prod", async (client) => {
      await client.query("CREATE TABLE note (n int); DROP TABLE note");
      const { rows } = await client.query<{ name: string }>(
        "SELECT pg_walfile_name(pg_switch_wal()) AS name",
      );
      return rows[0]?.name ?? "";
    });
    const [kept, away] = [join(recoveryOf(context.home).wal, name), join(context.home, name)];
    await until(`segment ${name} is archived`, 30, () => Promise.resolve(existsSync(kept)));
    renameSync(kept, away);
    try {
      const { drill } = (await context.expect(4, "drill")).json;
      assert.match(JSON.stringify(drill), new RegExp(`segment ${name} is missing`));
      const shown = (await context.expect(0, "status")).json.drill as { ok: boolean };
      assert.ok(!shown.ok, "the status must show that it failed");
      await context.expect(4, "checklist", { VERSION: "1.0.0" });
    } finally {
      renameSync(away, kept);
    }
    return drillFigures(await context.expect(0, "drill"));
  },
};
