import assert from "node:assert/strict";
import { closeIncident, entriesOf, openIncidents, setAlarm, withListener } from "../harness/act/incidents";
import type { Scenario } from "../harness/scenario";

export const incidentByAlarm: Scenario = {
  name: "incident-by-alarm",
  proves:
    "an alarm opens one incident, however often it rings and whichever command reads it, and people are told once",
  usual: false,
  run: (context) =>
    withListener(async (listener) => {
      await setAlarm(context, "blue-errors", "OK");
      await context.expect(0, "incident");
      listener.texts.length = 0;
      await setAlarm(context, "blue-errors", "ALARM");
      await context.expect(0, "status");
      const told = () => listener.texts.filter((text) => text.startsWith("*Incident:"));
      assert.equal(told().length, 2, "also a command that only looks must tell on call and stakeholders");
      const incidents = await openIncidents(context);
      const id = incidents[0]?.id ?? "";
      assert.match(id, /^INC-/, "any command that reads the queue must open it");
      for (const state of ["OK", "ALARM"] as const) await setAlarm(context, "blue-errors", state);
      const again = await openIncidents(context);
      assert.equal(again.length, incidents.length, "the same cause must be the same incident");
      const shown = await context.expect(0, "playbook", { INCIDENT: id });
      assert.equal(shown.json.next, `make stabilize INCIDENT=${id}`, "the playbook must say what comes next");
      await setAlarm(context, "blue-errors", "OK");
      await context.expect(0, "incident", { INCIDENT: id, STATE: "resolved", REASON: "it cleared" });
      await closeIncident(context, id);
      const states = (await entriesOf(context, id)).map(({ state }) => state);
      assert.deepEqual(
        states.filter((state) => state !== "note"),
        ["opened", "resolved", "closed"],
      );
      const opening = told();
      assert.equal(opening.length, 2, "on call and stakeholders must be told, once each");
      assert.match(opening[0] ?? "", /Since: .*Africa\/Cairo \(.*Z\)/, "in Cairo's time first");
      return { messages: listener.texts.length, entries: states.length };
    }),
};
