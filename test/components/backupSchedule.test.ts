import { beforeAll, describe, expect, it } from "vitest";
import { BackupSchedule } from "../../components/backupSchedule";
import { type Declared, declare, named, stack } from "./declared";
import { settingsWith } from "./settings";

describe("the backups", () => {
  let resources: Map<string, Declared>;
  beforeAll(async () => {
    const settings = settingsWith({}, { backups: { retentionDays: 8 } });
    resources = await declare(() => new BackupSchedule("backups", { stack, settings }));
  });

  it("are made every hour and kept as long as the config says", () => {
    const { rules } = named(resources, "backups-plan").inputs as { rules: object[] };
    expect(rules).toHaveLength(1);
    expect(rules[0]).toMatchObject({ schedule: "cron(0 * * * ? *)", lifecycle: { deleteAfter: 8 } });
  });

  it("start and end within windows that fit an hourly schedule", () => {
    const { rules } = named(resources, "backups-plan").inputs as { rules: object[] };
    expect(rules[0]).toMatchObject({ startWindow: 60, completionWindow: 120 });
  });

  it("are of the database of the config, and of nothing else", () => {
    const selection = named(resources, "backups-selection");
    expect(selection.inputs.resources).toEqual(["arn:aws:rds:eu-central-1:123456789012:db:school-prod"]);
    expect(selection.inputs).not.toHaveProperty("selectionTags");
  });

  it("begin only once the role may make and restore recovery points", () => {
    const { dependsOn } = named(resources, "backups-selection");
    expect(dependsOn).toEqual(expect.arrayContaining(["backups-role-backup", "backups-role-restores"]));
    expect(named(resources, "backups-role-restores").inputs.policyArn).toBe(
      "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
    );
  });

  it("lie in a vault that is protected and is never emptied by force", () => {
    const vault = named(resources, "backups-vault");
    expect(vault.protect).toBe(true);
    expect(vault.inputs.forceDestroy).toBe(false);
  });
});
