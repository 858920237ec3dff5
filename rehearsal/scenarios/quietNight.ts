import assert from "node:assert/strict";
import { isServedBy } from "../harness/act/badCanary";
import { bringLive, variant } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const quietNight: Scenario = {
  name: "quiet-night",
  proves:
    "with too little traffic for a verdict a person may promote, by name and with a reason, and the record says so",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const version = variant(context, "1.2.0-quiet");
    const restore = context.set("prod", "gate", { holdSeconds: 5, deadlineSeconds: 15 });
    const load = context.load("prod", 2);
    const by = { OVERRIDE: "staging-validated,gate", REASON: "it is night and it is urgent", ACTOR: "Nadia" };
    try {
      await context.expect(0, "deploy", { VERSION: version, ...by });
    } finally {
      restore();
      await load.stop();
    }
    await isServedBy(context, version);
    const promotion = (await context.history("prod")).find(({ message }) => /"step":"promote"/.test(message));
    const records = [...(await context.parameters("prod"))].filter(([name]) => /override/.test(name));
    const record = records.find(([, value]) => value.includes(by.REASON) && value.includes(by.ACTOR));
    assert.ok(record, "the override with name and reason must be on record");
    assert.match(promotion?.message ?? "", /Nadia/, "stack history must say who promoted");
    return { requests: load.observations.length, record: record[0] };
  },
};
