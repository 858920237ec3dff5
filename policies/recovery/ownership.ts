import { all, any, names, ofType } from "../resourceGraph";
import { type Declared, stackRule } from "../rule";
import { types } from "../types";
import { document, listAt, shown, unknown, valueAt } from "../propertyValues";
import { databasesOf } from "./databases";
import { gapOf, isSnapshotRule } from "./plans";
import { selects } from "./selected";

/** Rules about whose backups a plan makes, and as whom. */

/** The plans that a selection belongs to; one outside of the stack is not among them. */
const plansOf = (resources: readonly Declared[], selection: Declared): Declared[] =>
  ofType(resources, types.backupPlan).filter(
    (plan) => names(selection, "planId", valueAt(selection.properties, "planId"), plan) !== "no",
  );

const databasesSetting = {
  databases: {
    type: "array",
    items: { type: "string" },
    description:
      "ARNs of databases that are not declared in the stack. The database of this project's own config is always among them.",
    default: [],
  },
} as const;

export const selected = stackRule<{ databases: string[]; maxGapMinutes: number }>({
  id: "database-in-hourly-plan",
  area: "backups",
  severity: "critical",
  rows: ["D1", "F5"],
  description: "Every database is selected by a plan that makes a snapshot at least every hour.",
  why: "A plan that nothing selects makes no backup, and nobody is told.",
  remedy: "Add the database's ARN to `resources` of a selection of an hourly plan.",
  settings: {
    ...databasesSetting,
    maxGapMinutes: {
      type: "integer",
      description: "Longest time between two snapshots, minutes.",
      default: 60,
      minimum: 1,
      maximum: 527_040,
    },
  },
  checkStack(resources, report, { databases, maxGapMinutes }, situation) {
    const selections = ofType(resources, types.backupSelection);
    const isHourly = (plan: Declared): boolean =>
      listAt(plan.properties, "rules").some((rule) => {
        if (!isSnapshotRule(rule)) return false;
        const gap = gapOf(rule, situation.now);
        if (gap !== undefined) return gap <= maxGapMinutes;
        return ["schedule", "scheduleExpressionTimezone"].some((key) => valueAt(rule, key) === unknown);
      });
    for (const database of databasesOf(resources, databases, situation)) {
      const answers = selections.map((selection) =>
        all([selects(selection, database), plansOf(resources, selection).some(isHourly) ? "yes" : "no"]),
      );
      if (any(answers) !== "no") continue;
      const taken = selections.filter((selection) => selects(selection, database) !== "no");
      report(
        {
          found:
            taken.length > 0
              ? `${database.label} only in ${taken.map(({ name }) => name).join(", ")}, of no hourly plan of this stack`
              : `${database.label} in no selection${selections.length > 0 ? ` (there are ${selections.map(({ name }) => name).join(", ")})` : ""}`,
          required: "a selection of an hourly plan that takes it",
          fix: "Add its ARN to `resources` of the selection. Tags count only where they are known here, and all that a selection says has to fit.",
        },
        database.resource,
      );
    }
  },
});

export const selectionTakes = stackRule({
  id: "backup-selection-takes-something",
  area: "backups",
  severity: "high",
  rows: ["D1"],
  description: "A selection belongs to a plan of the stack and names what it takes.",
  why: "A selection without resources, tags or conditions takes nothing; one of no plan never runs.",
  remedy: "Give `planId`, and `resources`, `selectionTags` or `conditions`.",
  checkStack(resources, report) {
    for (const selection of ofType(resources, types.backupSelection)) {
      const { properties } = selection;
      const isOpen = ["resources", "selectionTags", "conditions"].some((key) => {
        const value = valueAt(properties, key);
        return (
          value === unknown || (Array.isArray(value) && value.some((entry) => entry !== "" && entry !== null))
        );
      });
      if (!isOpen)
        report(
          {
            at: "resources",
            found: "nothing",
            required: "what is backed up",
            fix: "Name the database's ARN.",
          },
          selection,
        );
      if (listAt(properties, "resources").includes("*") && listAt(properties, "conditions").length === 0)
        report(
          {
            at: "resources",
            found: "*",
            required: "the ARNs that are meant, or a pattern with conditions",
            fix: "Name them: with * every supported resource of the account is copied and paid for each hour.",
          },
          selection,
        );
      if (plansOf(resources, selection).length === 0 && valueAt(properties, "planId") !== unknown)
        report(
          {
            at: "planId",
            found: shown(valueAt(properties, "planId")),
            required: "a plan of this stack",
            fix: "Give the `id` of the plan.",
          },
          selection,
        );
    }
  },
});

/** Policies of AWS by which AWS Backup may do its work. */
const needed = ["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"];

export const role = stackRule({
  id: "backup-role-may-back-up-and-restore",
  area: "backups",
  severity: "high",
  rows: ["D1", "D2"],
  description: "The role of a selection can be taken by AWS Backup, and may make backups and restore them.",
  why: "With a wrong role each backup fails from the first hour on; one that may not restore is found out at night.",
  remedy: `Trust backup.amazonaws.com, and attach ${needed.join(" and ")}.`,
  checkStack(resources, report) {
    for (const selection of ofType(resources, types.backupSelection, types.restoreSelection)) {
      const arn = valueAt(selection.properties, "iamRoleArn");
      const roles = ofType(resources, types.role).filter(
        (one) => names(selection, "iamRoleArn", arn, one) !== "no",
      );
      // A role from elsewhere is somebody else's to check.
      if (roles.length === 0 && arn !== unknown && !/^arn:[^:]+:iam::\d+:role\/\S+$/.test(String(arn)))
        report(
          {
            at: "iamRoleArn",
            found: shown(arn),
            required: "the ARN of a role",
            fix: "Give the role's `arn`.",
          },
          selection,
        );
      for (const one of roles) {
        const trust = valueAt(one.properties, "assumeRolePolicy");
        const statements = [valueAt(document(trust), "Statement")].flat();
        const isTrusted = statements.some(
          (statement) =>
            valueAt(statement, "Effect") === "Allow" &&
            [valueAt(statement, "Action")].flat().includes("sts:AssumeRole") &&
            [valueAt(statement, "Principal.Service")].flat().includes("backup.amazonaws.com"),
        );
        if (trust !== unknown && !isTrusted)
          report(
            {
              at: "assumeRolePolicy",
              found: shown(trust),
              required: "that backup.amazonaws.com may assume it",
              fix: "Allow sts:AssumeRole to the service.",
            },
            one,
          );
        const attached = ofType(resources, types.roleAttachment).filter(
          (attachment) => names(attachment, "role", valueAt(attachment.properties, "role"), one) !== "no",
        );
        for (const policy of needed)
          if (
            !attached.some((attachment) => {
              const value = valueAt(attachment.properties, "policyArn");
              return value === unknown || String(value).endsWith(`/${policy}`);
            })
          )
            report(
              {
                found: `no attachment of ${policy}`,
                required: "it",
                fix: `Attach arn:aws:iam::aws:policy/service-role/${policy}.`,
              },
              one,
            );
      }
    }
  },
});

export const continuous = stackRule<{ databases: string[] }>({
  id: "point-in-time-recovery-on",
  area: "backups",
  severity: "critical",
  rows: ["D1", "D2"],
  description:
    "Every database has point-in-time recovery: one outside of the stack by a continuous rule that selects it, one of the stack by its own retention, with which a continuous rule must agree.",
  why: "AWS Backup and RDS write one and the same setting; if the two disagree, each `up` shortens what can be recovered.",
  remedy:
    "Set `enableContinuousBackup` with `deleteAfter` of 7 to 35 days, equal to `backupRetentionPeriod`.",
  settings: databasesSetting,
  checkStack(resources, report, { databases }, situation) {
    const isContinuous = (rule: unknown): boolean => {
      const value = valueAt(rule, "enableContinuousBackup");
      return value === true || value === unknown;
    };
    for (const plan of ofType(resources, types.backupPlan))
      for (const [index, rule] of listAt(plan.properties, "rules").entries()) {
        const days = valueAt(rule, "lifecycle.deleteAfter");
        if (!isContinuous(rule) || typeof days !== "number" || days <= 35) continue;
        report(
          {
            at: `rules[${index}].lifecycle.deleteAfter`,
            found: `${days} days`,
            required: "at most 35, as far as a continuous backup goes",
            fix: "Shorten it, or make the longer one a rule of its own.",
          },
          plan,
        );
      }
    for (const database of databasesOf(resources, databases, situation)) {
      const rules = ofType(resources, types.backupSelection)
        .filter((selection) => selects(selection, database) !== "no")
        .flatMap((selection) => plansOf(resources, selection))
        .flatMap((plan) => listAt(plan.properties, "rules"))
        .filter(isContinuous);
      const own = database.resource && valueAt(database.resource.properties, "backupRetentionPeriod");
      if (rules.length === 0) {
        // A database of the stack keeps its own log while its retention is above 0, which another policy holds.
        if (!database.resource)
          report({
            found: `${database.label} with no continuous rule`,
            required: "a rule with `enableContinuousBackup` that selects it",
            fix: "Add one: this stack does not see the database's own retention.",
          });
        continue;
      }
      const days = rules.map((rule) => valueAt(rule, "lifecycle.deleteAfter"));
      if (own !== undefined && own !== unknown && !days.includes(unknown) && !days.includes(own))
        report(
          {
            at: "backupRetentionPeriod",
            found: shown(own),
            required: `${days.map(shown).join(" or ")} days, as the continuous rule has it`,
            fix: "Give both the same number.",
          },
          database.resource,
        );
    }
  },
});
