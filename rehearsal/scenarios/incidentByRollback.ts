import assert from "node:assert/strict";
import { badCanary } from "../harness/act/badCanary";
import { entriesOf, openIncidents, withListener } from "../harness/act/incidents";
import type { Scenario } from "../harness/scenario";

const reached = ["opened", "mitigated", "resolved"];

export const incidentByRollback: Scenario = {
  name: "incident-by-rollback",
  proves:
    "a canary that takes itself back opens its incident and fills it: times, figures, requests affected, budget spent",
  usual: false,
  run: (context) =>
    withListener(async (listener) => {
      await badCanary(context, "1.1.0-errors");
      const open = await openIncidents(context);
      const id = open.find(({ version }) => version === "1.1.0-errors")?.id ?? "";
      const entries = await entriesOf(context, id);
      const states = entries.map(({ state }) => state).filter((state) => reached.includes(state));
      assert.deepEqual(states, reached);
      const last = entries.findLast(({ state }) => state === "resolved");
      assert.ok(last?.update, "it must refer to the update that it ended with");
      const impact = last.body.impact as Record<string, number>;
      assert.ok(impact.requestsAffected && impact.requestsFailed, "requests must be counted");
      const { json } = await context.expect(0, "postmortem", { INCIDENT: id });
      const times = json.times as Record<string, string>;
      const at = (name: string) => Date.parse(times[name] ?? "");
      const [began = NaN, ...rest] = ["started", "detected", "mitigated", "resolved"].map(at);
      const [detect = -1, mitigate = -1, resolve = -1] = rest.map((end) => (end - began) / 1000);
      assert.ok(0 <= detect && detect <= mitigate && mitigate <= resolve, "times must be in order");
      const isTold = listener.texts.some((text) => text.startsWith("*Incident: release 1.1.0-errors"));
      assert.ok(isTold, "people must be told");
      return { detect, mitigate, resolve, ...impact, reasons: "" };
    }),
};
