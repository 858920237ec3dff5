import { describe, expect, it } from "vitest";
import { FeatureFlags } from "../../components/featureFlags";
import type { Release } from "../../decisions/config";
import { digestOf, sample } from "../decisions/samples";
import { declare, named, stack } from "./declared";
import { settingsWith } from "./settings";

const live: Partial<Release> = {
  live: "blue",
  traffic: "open",
  slots: { blue: sample(1), green: sample(2) },
};

async function published(release: Partial<Release>, more = {}) {
  const settings = settingsWith({ ...live, ...release }, more);
  const { inputs } = named(
    await declare(() => new FeatureFlags("flags", { stack, settings })),
    "flags-gradebook-v2",
  );
  return {
    inputs,
    flag: JSON.parse(inputs.insecureValue as string) as { targeting?: object; metadata: object },
  };
}

describe("a published flag", () => {
  it("is one readable parameter that a re-run after a crash may overwrite, and no secret", async () => {
    const { inputs } = await published({});
    expect(inputs).toMatchObject({
      name: "/deployment-safety/prod/flags/gradebook-v2",
      type: "String",
      overwrite: true,
    });
    expect(inputs).not.toHaveProperty("value");
  });

  it("is off for everybody while the live digest is not the validated one", async () => {
    expect((await published({ validated: digestOf(2) })).flag).not.toHaveProperty("targeting");
    expect((await published({})).flag).not.toHaveProperty("targeting");
  });

  it("goes to its roles, cohorts and share once the live digest is validated", async () => {
    const { targeting } = (await published({ validated: digestOf(1) })).flag;
    expect(JSON.stringify(targeting)).toContain("teacher");
    expect(JSON.stringify(targeting)).toContain("pilot-schools");
  });

  it("is off while an incident holds it, validated or not", async () => {
    const heldFlags = { "gradebook-v2": { reason: "wrong averages" } };
    const { flag } = await published({ validated: digestOf(1) }, { heldFlags });
    expect(flag).not.toHaveProperty("targeting");
    expect(JSON.stringify(flag.metadata)).toContain("wrong averages");
  });
});
