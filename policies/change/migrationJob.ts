import { checkFields, isBetween, isOneOf } from "../fields";
import { resourceRule } from "../rule";
import { podLabels } from "../release/workloads";
import { types } from "../types";
import { isSet, shown, unknown, valueAt } from "../values";

export const migrationJob = resourceRule({
  id: "migration-runs-once",
  area: "change",
  severity: "high",
  rows: ["B1", "C5"],
  description:
    "A Job is tried once, within a limit of time, is not restarted half-way, and its pods say what they are.",
  why: "A migration that failed half-way and is begun again by itself destroys what would have told the cause.",
  remedy: "Set `backoffLimit: 0`, `activeDeadlineSeconds` and `restartPolicy: Never`.",
  types: [types.job],
  check(job, report) {
    const mend = "Set it.";
    checkFields(
      job,
      [
        {
          path: "metadata.name",
          allows: (name) => name !== "*",
          required: "a name of the act, so that it is found again",
          mend,
        },
        { path: "metadata.namespace", allows: (name) => name !== "*", required: "a namespace", mend },
        { path: "spec.backoffLimit", allows: isOneOf(0), required: "0", mend: "Set it; the default is 6." },
        {
          path: "spec.activeDeadlineSeconds",
          allows: isBetween(1, 86_400),
          required: "a limit in seconds, at most a day",
          mend: "Set it; by default there is none.",
        },
        { path: "spec.template.spec.restartPolicy", allows: isOneOf("Never"), required: "Never", mend },
        {
          path: "spec.template.spec.containers[].command[]",
          allows: (word) => word !== "*",
          required: "the command",
          mend: "Say what runs: an image's default command is the server.",
        },
      ],
      report,
    );
    const labels = podLabels(job);
    const all = valueAt(job.properties, "spec.template.metadata.labels");
    for (const label of ["app.kubernetes.io/name", "app.kubernetes.io/component"])
      if (all !== unknown && (!isSet(labels[label]) || labels[label] === "*"))
        report(
          {
            at: `spec.template.metadata.labels.${label}`,
            found: shown(labels[label]),
            required: "what the pods are of, and what they do",
            mend: "Set it: by `component: migrate` the other policies know a migration.",
          },
          job,
        );
  },
});
