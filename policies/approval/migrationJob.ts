import { checkProperties, isBetween, isOneOf } from "../propertyChecks";
import { resourceRule } from "../rule";
import { podLabels } from "../release/workloads";
import { types } from "../types";
import { isSet, shown, unknown, valueAt } from "../propertyValues";

/** Longest run of a migration, seconds: nobody waits a day for one. */
const day = 86_400;
/** Longest run of a backfill, seconds: it resumes after its last row, and its flag pauses it. */
const week = 604_800;

export const migrationRunsOnce = resourceRule({
  id: "migration-runs-once",
  area: "approval",
  severity: "high",
  rows: ["B1", "C5"],
  description:
    "A Job has one try, a time limit and no restart half-way, and its pods carry the labels that identify them. A backfill may be retried, because it resumes where it stopped.",
  why: "A migration that fails half-way and restarts by itself destroys the evidence of what went wrong.",
  remedy: "Set `backoffLimit: 0`, `activeDeadlineSeconds` and `restartPolicy: Never`.",
  types: [types.job],
  check(job, report) {
    const labels = podLabels(job);
    const isBackfill = labels["app.kubernetes.io/component"] === "backfill";
    checkProperties(job, report, [
      {
        path: "metadata.name",
        allows: (name) => name !== "*",
        required: "a name of the act, so that it is found again",
      },
      { path: "metadata.namespace", allows: (name) => name !== "*", required: "a namespace" },
      {
        path: "spec.backoffLimit",
        allows: isBackfill ? isBetween(0, 10) : isOneOf(0),
        required: isBackfill ? "0 to 10" : "0",
        fix: "Set it; the default is 6.",
      },
      {
        path: "spec.activeDeadlineSeconds",
        allows: isBetween(1, isBackfill ? week : day),
        required: `a limit in seconds, at most a ${isBackfill ? "week" : "day"}`,
        fix: "Set it; by default there is none.",
      },
      { path: "spec.template.spec.restartPolicy", allows: isOneOf("Never"), required: "Never" },
      {
        path: "spec.template.spec.containers[].command[]",
        allows: (word) => word !== "*",
        required: "the command",
        fix: "Set it: an image's default command is the server.",
      },
    ]);
    const all = valueAt(job.properties, "spec.template.metadata.labels");
    for (const label of ["app.kubernetes.io/name", "app.kubernetes.io/component"])
      if (all !== unknown && (!isSet(labels[label]) || labels[label] === "*"))
        report(job, {
          at: `spec.template.metadata.labels.${label}`,
          found: shown(labels[label]),
          required: "what the pods are of, and what they do",
          fix: "Set it: by `component: migrate` the other policies know a migration.",
        });
  },
});
