import { resourceRule } from "../rule";
import { types } from "../types";
import { isConfigured, isMigration } from "./changeScope";

export const revisionProvedAndReviewed = resourceRule({
  id: "revision-proved-and-reviewed",
  area: "approval",
  severity: "critical",
  rows: ["A7", "A8", "A9"],
  description:
    "Every revision of a migration has been reviewed by somebody else, has a proven downgrade, and has run with the seeds.",
  why: "A revision that nobody has read, or whose downgrade never ran, is first tried on production data.",
  remedy:
    "Run `make prove-migrations REVISION=<revision>` and `make review REVISION=<revision>`, commit what they write, and update again.",
  types: [types.job],
  async check(job, report, _, context) {
    if (!isMigration(job) || !isConfigured(context)) return;
    for (const reason of await context.liveState().revisionReasons(context))
      report(job, {
        found: reason.replace(/\.$/, ""),
        required: "a review and a proof of each new revision as it is now",
        fix: "Commit what is missing, and update again.",
      });
  },
});
