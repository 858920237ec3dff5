import { badCanary } from "../harness/act/badCanary";
import type { Scenario } from "../harness/scenario";

export const badCanaryCrash: Scenario = {
  name: "bad-canary-crash",
  proves:
    "a canary whose processes crash is rolled back, although what it leaves are errors of the load balancer's own",
  usual: false,
  run: (context) => badCanary(context, "1.3.0-crash", { detectSeconds: 45 }),
};
