import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closeIncident, withListener } from "../harness/act/incidents";
import type { Scenario } from "../harness/scenario";

const ticket = { SOURCE: "ticket", TICKET: "4711", TITLE: "grades are missing" };

export const incidentByTicket: Scenario = {
  name: "incident-by-ticket",
  proves:
    "a ticket goes through the playbook by hand: flags held and traffic paused, guardians told, a post-mortem with its times",
  usual: false,
  run: (context) =>
    withListener(async (listener) => {
      const AT = new Date(Date.now() - 600_000).toISOString().slice(0, 16) + "Z";
      const INCIDENT = String((await context.expect(0, "incident", { ...ticket, AT })).json.incident);
      assert.equal((await context.expect(0, "incident", ticket)).json.incident, INCIDENT, "the same ticket");
      await context.expect(0, "stabilize", { INCIDENT, CAUSE: "migration", NAME: "gradebook-v2" });
      assert.equal((await context.published("prod"))?.traffic, "paused", "a migration pauses traffic");
      const flag = await context.parameter("/deployment-safety/prod/flags/gradebook-v2");
      assert.match(flag ?? "", new RegExp(`held.*${INCIDENT}`), "the flag must be held for the incident");
      await context.expect(0, "stabilize", { INCIDENT, CAUSE: "migration", NAME: "gradebook-v2" });
      await context.expect(0, "open");
      await context.expect(0, "notify", { INCIDENT, AUDIENCE: "guardians" });
      assert.ok(
        listener.texts.some((text) => text.includes("السادة أولياء الأمور")),
        "guardians read Arabic",
      );
      await context.expect(0, "incident", { INCIDENT, STATE: "resolved", REASON: "put right" });
      await closeIncident(context, INCIDENT);
      await context.expect(0, "postmortem", { INCIDENT });
      const text = readFileSync(join(context.copy, "postmortems", `${INCIDENT}.md`), "utf8");
      assert.match(text, /time to detect \| (10|11) min/, "the time to detect comes from the records");
      assert.match(text, /rehearse it again \| prevent \| rehearsal \| 2027-01-31/, "and so does the action");
      const release = { NAME: "gradebook-v2", HOLD: "off", REASON: "over", ACTOR: "rehearsal" };
      await context.expect(0, "flag", release);
      return { messages: listener.texts.length };
    }),
};
