import { badCanary } from "../harness/act/badCanary";
import type { Scenario } from "../harness/scenario";

export const badCanaryErrors: Scenario = {
  name: "bad-canary-errors",
  proves:
    "a canary that fails half of its requests is rolled back within seconds, by itself, and its digest is refused",
  usual: true,
  // Scrapes of 1 s; the gate's hard stop does not wait for the end of its warm-up.
  run: (context) => badCanary(context, "1.1.0-errors", { detectSeconds: 12 }),
};
