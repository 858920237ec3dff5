import { isConfigured } from "../approval/changeScope";
import { resourceRule } from "../rule";
import { types } from "../types";
import { isTestRule } from "../traffic/listenerRules";

export const refused = resourceRule({
  id: "refused-digest-without-traffic",
  area: "release",
  severity: "critical",
  rows: ["A5", "F4"],
  description: "No release gets traffic whose digest was refused on the stack.",
  why: "A file from before the incident would bring the incident back.",
  remedy: "Run `make sync`, which writes the published release into the file, or `make rollback`.",
  types: [types.listenerRule],
  async check(rule, report, _, situation) {
    if (isTestRule(rule) || !isConfigured(situation)) return;
    for (const reason of await situation.liveState().refusedReasons(situation))
      report(
        {
          at: "actions",
          found: reason.replace(/\.$/, ""),
          required: "no traffic for a refused digest",
          fix: "Run `make sync`, or take the release back.",
        },
        rule,
      );
  },
});
