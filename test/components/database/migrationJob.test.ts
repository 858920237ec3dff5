import { describe, expect, it } from "vitest";
import { CanaryRelease } from "../../../components/release/canaryRelease";
import { MigrationJob, migrationJobName } from "../../../components/database/migrationJob";
import { sample } from "../../decisions/samples";
import { declare, named, stack } from "../declared";
import { settingsWith } from "../settings";

const { image } = sample(1);
const up = { revision: "9c1b0d2f", image };
const down = { revision: "3f2a77aa", image, downgradeFrom: "9c1b0d2f" };

interface JobInputs {
  metadata: { name: string; annotations: object };
  spec: {
    backoffLimit: number;
    activeDeadlineSeconds: number;
    ttlSecondsAfterFinished?: number;
    template: {
      spec: { restartPolicy: string; containers: [{ command: string[]; [field: string]: unknown }] };
    };
  };
}

async function job(
  migration: typeof up & { downgradeFrom?: string; approvedLoss?: Record<string, number> },
  revisions = "",
) {
  const settings = settingsWith({ migration });
  const resources = await declare(
    () => new MigrationJob("migration", { stack, settings, migration, revisions, after: [] }),
  );
  const declared = named(resources, "migration-job");
  return { ...declared, inputs: declared.inputs as unknown as JobInputs };
}

describe("a migration", () => {
  it("upgrades to the revision with the release's image, and never past it", async () => {
    const [container] = (await job(up)).inputs.spec.template.spec.containers;
    expect(container).toMatchObject({ image, command: ["alembic", "upgrade", "9c1b0d2f"] });
    expect(container.envFrom).toEqual([{ secretRef: { name: "school-database" } }]);
  });

  it("downgrades where the release says from where", async () => {
    const [container] = (await job(down)).inputs.spec.template.spec.containers;
    expect(container.command).toEqual(["alembic", "downgrade", "3f2a77aa"]);
  });

  it("knows which rows may be lost only where somebody said so, in a Job of another name", async () => {
    const lossy = { ...down, approvedLoss: { "9c1b0d2f": 12 } };
    const [container] = (await job(lossy)).inputs.spec.template.spec.containers;
    const approval = { name: "MIGRATION_APPROVE_LOSS", value: "9c1b0d2f:12" };
    expect(container.env).toContainEqual(approval);
    const [without] = (await job(down)).inputs.spec.template.spec.containers;
    expect(without.env).not.toContainEqual(expect.objectContaining({ name: approval.name }));
    expect(migrationJobName(lossy)).not.toBe(migrationJobName(down));
  });

  it("is told which revisions were proved, up and down, in a Job of the same name; nothing where that is not known", async () => {
    const revisions = `9c1b0d2f:${"a".repeat(64)}`;
    for (const migration of [up, down]) {
      const [container] = (await job(migration, revisions)).inputs.spec.template.spec.containers;
      expect(container.env).toContainEqual({ name: "MIGRATION_REVISIONS", value: revisions });
    }
    const [without] = (await job(up)).inputs.spec.template.spec.containers;
    expect(without.env).not.toContainEqual(expect.objectContaining({ name: "MIGRATION_REVISIONS" }));
  });

  it("has one try within its limit, and Pulumi waits longer than that", async () => {
    const { inputs, createTimeout } = await job(up);
    expect(inputs.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 600 });
    expect(inputs.spec.template.spec.restartPolicy).toBe("Never");
    expect(createTimeout).toBe("720s");
  });

  it("is run again by the next update where it failed, and its last lines are kept", async () => {
    const { inputs } = await job(up);
    expect(inputs.metadata.annotations).toEqual({ "pulumi.com/replaceUnready": "true" });
    expect(inputs.spec.template.spec.containers[0].terminationMessagePolicy).toBe("FallbackToLogsOnError");
    expect(inputs.spec).not.toHaveProperty("ttlSecondsAfterFinished");
  });

  it("belongs to no slot", async () => {
    const [container] = (await job(up)).inputs.spec.template.spec.containers;
    expect((container.env as { name: string }[]).map(({ name }) => name)).not.toContain("SLOT");
  });

  it("is over before a pod of a release starts", async () => {
    const settings = settingsWith({ migration: up, slots: { blue: sample(1) } });
    const resources = await declare(() => {
      const { job: migrated } = new MigrationJob("migration", {
        stack,
        settings,
        migration: up,
        revisions: "",
        after: [],
      });
      new CanaryRelease("release", { stack, settings, after: [migrated] });
    });
    for (const part of ["web", "worker"])
      expect(named(resources, `release-blue-${part}`).dependsOn).toContain("migration-job");
  });
});

describe("the name of a migration's Job", () => {
  const hex = image.slice(-64, -56);

  it("says what it does, to which revision, and with which image", () => {
    expect(migrationJobName(up)).toBe(`migrate-9c1b0d2f-${hex}`);
    expect(migrationJobName(down)).toBe(`downgrade-9c1b0d2f-3f2a77aa-${hex}`);
  });

  it("is a label even for the longest revisions, and another for another act", () => {
    const long = { revision: "a".repeat(32), image, downgradeFrom: "b".repeat(32) };
    const other = { ...long, revision: `${"a".repeat(31)}c` };
    expect(migrationJobName(long)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    expect(migrationJobName(long)).not.toBe(migrationJobName(other));
  });

  it("keeps revisions apart that differ only in characters that a name may not have", () => {
    const underlined = { revision: "add_grade", image };
    expect(migrationJobName(underlined)).toMatch(/^migrate-add-grade-[a-z0-9-]+$/);
    expect(migrationJobName(underlined)).not.toBe(migrationJobName({ revision: "add_grade_", image }));
  });
});
