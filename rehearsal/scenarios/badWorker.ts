import assert from "node:assert/strict";
import { badCanary } from "../harness/act/badCanary";
import type { Scenario } from "../harness/scenario";

export const badWorker: Scenario = {
  name: "bad-worker",
  proves:
    "workers are part of a release: a canary whose web is well and whose jobs fail is rolled back, and no job is lost",
  usual: false,
  run: async (context) => {
    const figures = await badCanary(context, "1.3.0-worker", { detectSeconds: 45 });
    assert.equal(figures.failedRequests, 0, "no request failed: it was found by jobs alone");
    return figures;
  },
};
