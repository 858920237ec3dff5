import assert from "node:assert/strict";
import { badCanary } from "../badCanary";
import { entriesOf, openIncidents, withListener } from "../incidents";
import type { Scenario } from "../scenario";

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
      assert.deepEqual(
        entries.map(({ state }) => state).filter((state) => reached.includes(state)),
        reached,
      );
      const last = entries.findLast(({ state }) => state === "resolved");
      assert.ok(last?.update, "it must refer to the update that it ended with");
      const impact = last.body.impact as Record<string, number>;
      assert.ok(impact.requestsAffected && impact.requestsFailed, "requests must be counted");
      const { json } = await context.expect(0, "postmortem", { INCIDENT: id });
      const times = json.times as Record<string, string>;
      const order = ["started", "detected", "mitigated", "resolved"].map((name) =>
        Date.parse(times[name] ?? ""),
      );
      assert.deepEqual(
        order,
        order.toSorted((one, two) => one - two),
        "times must be there and in order",
      );
      assert.ok(
        listener.texts.some((text) => text.startsWith("*Incident: release 1.1.0-errors")),
        "told at once",
      );
      const [detect, mitigate, resolve] = order.slice(1).map((at) => (at - (order[0] ?? 0)) / 1000);
      return { detect: detect ?? 0, mitigate: mitigate ?? 0, resolve: resolve ?? 0, ...impact, reasons: "" };
    }),
};
