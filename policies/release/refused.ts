import { isConfigured } from "../approval/changeScope";
import { resourceRule } from "../rule";
import { types } from "../types";
import { isTestRule } from "../traffic/listenerRules";

export const refusedDigestWithoutTraffic = resourceRule({
  id: "refused-digest-without-traffic",
  area: "release",
  severity: "critical",
  rows: ["A5", "F4"],
  description: "A release whose digest was refused on the stack gets no traffic.",
  why: "A stack file from before the incident would bring the incident back.",
  remedy: "Run `make sync`, which writes the published release into the file, or `make rollback`.",
  types: [types.listenerRule],
  async check(rule, report, _, context) {
    if (isTestRule(rule) || !isConfigured(context)) return;
    for (const reason of await context.liveState().refusedReasons(context))
      report(rule, {
        at: "actions",
        found: reason.replace(/\.$/, ""),
        required: "no traffic for a refused digest",
        fix: "Run `make sync`, or roll the release back.",
      });
  },
});
