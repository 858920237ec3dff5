import { resourceRule } from "../rule";
import { types } from "../types";
import { isConfigured, isMigration } from "./changeScope";

export const proved = resourceRule({
  id: "revision-proved-and-reviewed",
  area: "change",
  severity: "critical",
  rows: ["A7", "A8", "A9"],
  description:
    "A migration brings only revisions that somebody else has reviewed, whose downgrade is proved, and with which the seeds ran.",
  why: "A revision that nobody has read, or that was never taken down, is first tried on the data of production.",
  remedy:
    "Run `make prove-migrations REVISION=<revision>` and `make review REVISION=<revision>`, commit what they write, and update again.",
  types: [types.job],
  async check(job, report, _, situation) {
    if (!isMigration(job) || !isConfigured(situation)) return;
    for (const reason of await situation.liveState().revisionReasons(situation))
      report(
        {
          found: reason.replace(/\.$/, ""),
          required: "a review and a proof of each new revision as it is now",
          fix: "Commit what is missing, and update again.",
        },
        job,
      );
  },
});
