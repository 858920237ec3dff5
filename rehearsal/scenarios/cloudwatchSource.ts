import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { badCanary } from "../harness/act/badCanary";
import { bringLive } from "../harness/act/releases";
import type { Scenario } from "../harness/scenario";

export const cloudwatchSource: Scenario = {
  name: "cloudwatch-source",
  proves:
    "a bad canary is rolled back within three minutes by CloudWatch alone, which counts by the minute, and late; the page is drawn from it",
  usual: false,
  run: async (context) => {
    await bringLive(context, "1.2.0");
    const restore = [
      context.set("prod", "metrics", { source: "cloudwatch" }),
      // Figures are two minutes old when they are read: longer than the rehearsal's canaries last.
      context.set("prod", "gate", { deadlineSeconds: 300 }),
    ];
    try {
      // The error budget is unknown until the figures of the first minute have come.
      await sleep(90_000);
      const figures = await badCanary(context, "1.3.0-errors", { detectSeconds: 180 });
      const { json } = await context.expect(0, "report", { VERSION: "1.3.0-errors" });
      assert.deepEqual(json["unknown"], [], "the page must be drawn from CloudWatch, too");
      const shown = json["figures"] as Record<string, string>;
      assert.match(shown["Failed requests"] ?? "", /^[1-9]/, "and show what failed");
      return figures;
    } finally {
      for (const one of restore.reverse()) one();
    }
  },
};
