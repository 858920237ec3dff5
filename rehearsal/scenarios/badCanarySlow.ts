import assert from "node:assert/strict";
import { badCanary } from "../harness/act/badCanary";
import type { Scenario } from "../harness/scenario";

export const badCanarySlow: Scenario = {
  name: "bad-canary-slow",
  proves: "a canary that answers everything well, but beyond the latency objective, is rolled back",
  usual: false,
  run: async (context) => {
    const figures = await badCanary(context, "1.3.0-slow", { detectSeconds: 30 });
    assert.equal(figures.failedRequests, 0, "slow is not failed: it was found by time alone");
    return figures;
  },
};
