import { setTimeout as sleep } from "node:timers/promises";
import { badCanary } from "../badCanary";
import { bringLive } from "../releases";
import type { Scenario } from "../scenario";

export const cloudwatchSource: Scenario = {
  name: "cloudwatch-source",
  proves:
    "a bad canary is taken back within three minutes by CloudWatch alone, which counts by the minute, and late",
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
      return await badCanary(context, "1.3.0-errors", { detectSeconds: 180 });
    } finally {
      for (const one of restore.reverse()) one();
    }
  },
};
