import { isTrue, propertyReporter } from "../propertyChecks";
import { all, any, mayName, ofType } from "../resourceGraph";
import { type Declared, type ReportViolation, stackRule } from "../rule";
import { types } from "../types";
import { document, listAt, maybe, shown, unknown, valueAt } from "../propertyValues";
import { databasesOf, databasesSetting } from "./databases";
import { gapSetting, isSnapshotRule } from "./plans";
import { scheduleAt } from "./scheduleAt";
import { selects } from "./selected";

/** Rules about which databases a plan backs up, and by which role. */

/** The plans of the stack that a selection belongs to. */
const plansOf = (resources: readonly Declared[], selection: Declared): Declared[] =>
  ofType(resources, types.backupPlan).filter((plan) => mayName(selection, "planId", plan));

export const databaseInHourlyPlan = stackRule({
  id: "database-in-hourly-plan",
  area: "recovery",
  severity: "critical",
  rows: ["D1", "F5"],
  description: "A plan that makes a snapshot at least every hour selects every database.",
  why: "A plan without a selection makes no backups, and nobody notices.",
  remedy: "Add the database's ARN to `resources` of a selection of an hourly plan.",
  settings: { ...databasesSetting, ...gapSetting },
  checkStack(resources, report, { databases, maxGapMinutes }, context) {
    const selections = ofType(resources, types.backupSelection);
    const isHourly = (plan: Declared): boolean =>
      listAt(plan.properties, "rules").some((rule) => {
        const schedule = scheduleAt(rule, "schedule", context.now);
        const isOften = schedule === unknown || (schedule.ok && schedule.longestGapMinutes <= maxGapMinutes);
        return isOften && isSnapshotRule(rule);
      });
    for (const database of databasesOf(resources, databases, context)) {
      const answers = selections.map((selection) =>
        all([selects(selection, database), plansOf(resources, selection).some(isHourly) ? "yes" : "no"]),
      );
      if (any(answers) !== "no") continue;
      const taken = selections.filter((selection) => selects(selection, database) !== "no");
      const listed = (of: readonly Declared[]): string => of.map(({ name }) => name).join(", ");
      const others = selections.length > 0 ? ` (there are ${listed(selections)})` : "";
      report(database.resource, {
        found:
          taken.length > 0
            ? `${database.label} only in ${listed(taken)}, of no hourly plan of this stack`
            : `${database.label} in no selection${others}`,
        required: "a selection of an hourly plan that takes it",
        fix: "Add its ARN to `resources` of the selection. Tags count only where they are known here, and all that a selection says has to fit.",
      });
    }
  },
});

export const backupSelectionTakesSomething = stackRule({
  id: "backup-selection-takes-something",
  area: "recovery",
  severity: "high",
  rows: ["D1"],
  description: "A selection belongs to a plan of the stack and names what it takes.",
  why: "A selection without resources, tags or conditions takes nothing; one of no plan never runs.",
  remedy: "Give `planId`, and `resources`, `selectionTags` or `conditions`.",
  checkStack(resources, report) {
    for (const selection of ofType(resources, types.backupSelection)) {
      const { properties } = selection;
      const takesSomething = ["resources", "selectionTags", "conditions"].some((key) =>
        maybe(
          valueAt(properties, key),
          (value) => Array.isArray(value) && value.some((entry) => entry !== "" && entry !== null),
        ),
      );
      const reportAt = (at: string, found: string, required: string, fix: string) =>
        report(selection, { at, found, required, fix });
      if (!takesSomething) reportAt("resources", "nothing", "what is backed up", "Name the database's ARN.");
      if (listAt(properties, "resources").includes("*") && listAt(properties, "conditions").length === 0)
        reportAt(
          "resources",
          "*",
          "the ARNs that are meant, or a pattern with conditions",
          "Name them: * makes AWS copy, and bill, every supported resource of the account every hour.",
        );
      const plan = valueAt(properties, "planId");
      if (plansOf(resources, selection).length === 0 && plan !== unknown)
        reportAt("planId", shown(plan), "a plan of this stack", "Give the `id` of the plan.");
    }
  },
});

/** Managed policies that AWS Backup needs. */
const needed = ["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"];

export const backupRoleMayBackUpAndRestore = stackRule({
  id: "backup-role-may-back-up-and-restore",
  area: "recovery",
  severity: "high",
  rows: ["D1", "D2"],
  description:
    "AWS Backup can assume the role of a selection, and the role may make backups and restore them.",
  why: "With a wrong role every backup fails from the first hour on; a role that may not restore fails in the emergency.",
  remedy: `Trust backup.amazonaws.com, and attach ${needed.join(" and ")}.`,
  checkStack(resources, report) {
    for (const selection of ofType(resources, types.backupSelection, types.restoreSelection)) {
      const arn = valueAt(selection.properties, "iamRoleArn");
      const roles = ofType(resources, types.role).filter((one) => mayName(selection, "iamRoleArn", one));
      // A role outside the stack cannot be checked here.
      if (roles.length === 0 && arn !== unknown && !/^arn:[^:]+:iam::\d+:role\/\S+$/.test(String(arn)))
        propertyReporter(selection, report)("iamRoleArn", arn, "the ARN of a role", "Give the role's `arn`.");
      for (const role of roles) checkRole(role, resources, report);
    }
  },
});

function checkRole(role: Declared, resources: readonly Declared[], report: ReportViolation): void {
  const trust = valueAt(role.properties, "assumeRolePolicy");
  const isTrusted = [valueAt(document(trust), "Statement")]
    .flat()
    .some(
      (statement) =>
        valueAt(statement, "Effect") === "Allow" &&
        [valueAt(statement, "Action")].flat().includes("sts:AssumeRole") &&
        [valueAt(statement, "Principal.Service")].flat().includes("backup.amazonaws.com"),
    );
  if (trust !== unknown && !isTrusted)
    propertyReporter(role, report)(
      "assumeRolePolicy",
      trust,
      "that backup.amazonaws.com may assume it",
      "Allow sts:AssumeRole to the service.",
    );
  const attached = ofType(resources, types.roleAttachment)
    .filter((attachment) => mayName(attachment, "role", role))
    .map((attachment) => valueAt(attachment.properties, "policyArn"));
  for (const policy of needed)
    if (!attached.some((arn) => maybe(arn, (value) => String(value).endsWith(`/${policy}`))))
      report(role, {
        found: `no attachment of ${policy}`,
        required: "it",
        fix: `Attach arn:aws:iam::aws:policy/service-role/${policy}.`,
      });
}

export const pointInTimeRecoveryOn = stackRule({
  id: "point-in-time-recovery-on",
  area: "recovery",
  severity: "critical",
  rows: ["D1", "D2"],
  description:
    "Every database has point-in-time recovery: a database outside the stack through a continuous rule that selects it, one of the stack through its own retention, which must equal that of any continuous rule.",
  why: "AWS Backup and RDS write the same setting; if they disagree, each `up` shortens the time that can be recovered.",
  remedy:
    "Set `enableContinuousBackup` with `deleteAfter` of 7 to 35 days, equal to `backupRetentionPeriod`.",
  settings: databasesSetting,
  checkStack(resources, report, { databases }, context) {
    const isContinuous = (rule: unknown): boolean => maybe(valueAt(rule, "enableContinuousBackup"), isTrue);
    for (const plan of ofType(resources, types.backupPlan))
      for (const [index, rule] of listAt(plan.properties, "rules").entries()) {
        const days = valueAt(rule, "lifecycle.deleteAfter");
        if (!isContinuous(rule) || typeof days !== "number" || days <= 35) continue;
        report(plan, {
          at: `rules[${index}].lifecycle.deleteAfter`,
          found: `${days} days`,
          required: "at most 35, as far as a continuous backup goes",
          fix: "Shorten it, or make the longer one a rule of its own.",
        });
      }
    for (const database of databasesOf(resources, databases, context)) {
      const rules = ofType(resources, types.backupSelection)
        .filter((selection) => selects(selection, database) !== "no")
        .flatMap((selection) => plansOf(resources, selection))
        .flatMap((plan) => listAt(plan.properties, "rules"))
        .filter(isContinuous);
      const own = database.resource && valueAt(database.resource.properties, "backupRetentionPeriod");
      if (rules.length === 0) {
        // A database of the stack keeps its own log while its retention is above 0, which database-retention-long-enough checks.
        if (!database.resource)
          report(undefined, {
            found: `${database.label} with no continuous rule`,
            required: "a rule with `enableContinuousBackup` that selects it",
            fix: "Add one: this stack does not see the database's own retention.",
          });
        continue;
      }
      const days = rules.map((rule) => valueAt(rule, "lifecycle.deleteAfter"));
      if (own !== undefined && own !== unknown && !days.includes(unknown) && !days.includes(own))
        report(database.resource, {
          at: "backupRetentionPeriod",
          found: shown(own),
          required: `${days.map(shown).join(" or ")} days, as the continuous rule has it`,
          fix: "Give both the same number.",
        });
    }
  },
});
