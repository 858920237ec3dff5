import assert from "node:assert/strict";
import { runnerIsGone } from "../harness/act/incidents";
import { inDatabase } from "../harness/observe/jobs";
import { withoutDatabase } from "../harness/machine/outages";
import { until } from "../harness/machine/processes";
import type { Scenario } from "../harness/scenario";

export const databaseDown: Scenario = {
  name: "database-down",
  proves:
    "while the database is the incident traffic can be paused and commands work; their records wait, also where the machine is gone afterwards, and later all arrive, once and in order",
  usual: false,
  run: async (context) => {
    // Of this run alone: what an earlier one delivered must not count.
    const tickets = [1, 2, 3].map((number) => `down-${Date.now()}-${number}`);
    const pauseSeconds = await withoutDatabase(context, async () => {
      for (const TICKET of tickets) {
        const opened = await context.expect(0, "incident", { TICKET, TITLE: "nobody can read grades" });
        assert.match(opened.stderr, /record\(s\) wait/, "it must say that the record waits");
      }
      await context.expect(0, "playbook");
      const { seconds } = await context.expect(0, "pause", { EPHEMERAL: "1" });
      runnerIsGone(context);
      return seconds;
    });
    await context.expect(0, "open");
    const serves = async () => (await context.make("smoke")).exitCode === 0;
    await until("the application serves again", 60, serves);
    await context.expect(0, "incident");
    const sql = `SELECT body -> 'incident' ->> 'cause' AS cause FROM reporting.audit_event
      WHERE body -> 'incident' ->> 'cause' = ANY ($1) ORDER BY number`;
    const causes = tickets.map((ticket) => `ticket:${ticket}`);
    const { rows } = await inDatabase(context, "prod", (client) => client.query(sql, [causes]));
    const sent = (rows as { cause: string }[]).map(({ cause }) => cause.replace("ticket:", ""));
    assert.deepEqual(sent, tickets, "once each, in their order");
    await context.expect(0, "audit-verify");
    return { delivered: sent.length, pauseSeconds };
  },
};
