import { describe, expect, it } from "vitest";
import { FeatureFlags } from "../../../components/flags/featureFlags";
import type { Release } from "../../../decisions/stack/config";
import { graphOf } from "../../decisions/database/graphs";
import { digestOf, sample } from "../../decisions/samples";
import { declare, named, stack } from "../declared";
import { settingsWith } from "../settings";

const live: Partial<Release> = {
  live: "blue",
  traffic: "open",
  slots: { blue: sample(1), green: sample(2) },
};

const revisions = graphOf({ "9c1b0d2f": ["3f2a77aa"] });

async function published(release: Partial<Release>, more = {}) {
  const settings = settingsWith({ ...live, ...release }, more);
  const { inputs } = named(
    await declare(() => new FeatureFlags("flags", { stack, settings, revisions, after: [] })),
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

describe("a flag that needs a revision", () => {
  const image = sample(2).image;
  const needing = {
    flags: {
      "gradebook-v2": {
        risk: "low",
        percentage: 50,
        owner: "a",
        expires: "2027-01-01",
        revision: "9c1b0d2f",
      },
    },
  };
  const at = async (migration: Release["migration"]) => published({ migration }, needing);
  it("is off until the database has it, and off again in the update that takes the database below it", async () => {
    expect((await at(undefined)).flag).not.toHaveProperty("targeting");
    expect((await at({ revision: "3f2a77aa", image })).flag).not.toHaveProperty("targeting");
    expect((await at({ revision: "9c1b0d2f", image })).flag).toHaveProperty("targeting");
    const down = await at({ revision: "3f2a77aa", image, downgradeFrom: "9c1b0d2f" });
    expect(down.flag.metadata).toMatchObject({ off: "the database does not have revision 9c1b0d2f" });
  });
});
