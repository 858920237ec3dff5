import { badCanary } from "../harness/act/badCanary";
import type { Scenario } from "../harness/scenario";

export const badCanarySubtle: Scenario = {
  name: "bad-canary-subtle",
  proves: "a canary that fails one request in twenty is told from a good one and rolled back",
  usual: false,
  run: (context) => badCanary(context, "1.3.0-subtle", { detectSeconds: 45 }),
};
