import { emptyGraph } from "../../../decisions/database/revisionGraph";
import { describe, expect, it } from "vitest";
import { BackfillJob } from "../../../components/database/backfillJob";
import { FeatureFlags } from "../../../components/flags/featureFlags";
import { sample } from "../../decisions/samples";
import { declare, named, stack } from "../declared";
import { settingsWith } from "../settings";

const backfill = {
  name: "guardian-names",
  flag: "names",
  ratePerSecond: 500,
  batch: 200,
  image: sample(1).image,
};

interface Spec {
  backoffLimit: number;
  activeDeadlineSeconds: number;
  template: {
    spec: {
      restartPolicy: string;
      containers: [{ image: string; command: string[]; env: { name: string; value: string }[] }];
    };
  };
}

async function declared() {
  const settings = settingsWith({ slots: { blue: sample(1) } });
  const resources = await declare(() => {
    const flags = new FeatureFlags("flags", { stack, settings, revisions: emptyGraph, after: [] });
    new BackfillJob("backfill-guardian-names", { stack, settings, backfill, after: [flags] });
  });
  const job = named(resources, "backfill-guardian-names-job");
  return { job, spec: job.inputs.spec as Spec };
}

describe("a backfill's Job", () => {
  it("runs the backfill of the live release's image under its flag, rate and batch", async () => {
    const [container] = (await declared()).spec.template.spec.containers;
    expect(container.image).toBe(backfill.image);
    expect(container.command.slice(0, 4)).toEqual([
      "python",
      "-m",
      "migrations.safe.backfill",
      "guardian-names",
    ]);
    expect(container.command.join(" ")).toContain("--flag names --rate 500 --batch 200 --patience 604800");
    expect(container.env).toContainEqual({ name: "PARAMETER_ROOT", value: "/deployment-safety/prod/" });
    expect(container.env.map(({ name }) => name)).not.toContain("SLOT");
  });

  it("is not waited for, and a pod that is lost is replaced", async () => {
    const { job, spec } = await declared();
    expect((job.inputs.metadata as { annotations: object }).annotations).toEqual({
      "pulumi.com/skipAwait": "true",
    });
    expect(spec).toMatchObject({ backoffLimit: 6, activeDeadlineSeconds: 604_800 });
    expect(spec.template.spec.restartPolicy).toBe("Never");
  });

  it("comes after its flag is published", async () => {
    expect((await declared()).job.dependsOn).toContain("flags-gradebook-v2");
  });
});
