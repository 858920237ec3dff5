import { describe, expect, it } from "vitest";
import { judge } from "../../bench/policies/recorded";
import { BackfillJob } from "../../components/database/backfillJob";
import { rules } from "../../policies/rules";
import { declare, stack } from "../components/declared";
import { settingsWith } from "../components/settings";
import { sample } from "../decisions/samples";
import { previewOfProd } from "./previewOfProd";

/** The policies about the Job of a backfill that are broken, with what is said. */
async function broken(spoil: (spec: Record<string, unknown>) => void = () => undefined) {
  const { image } = sample(1);
  const backfill = { name: "guardian-names", flag: "names", ratePerSecond: 500, batch: 200, image };
  const settings = settingsWith({ slots: { blue: sample(1) } });
  const declared = await declare(() => {
    new BackfillJob("backfill-guardian-names", { stack, settings, backfill, after: [] });
  });
  const jobs = [...declared.values()].filter(({ type }) => type.endsWith(":Job"));
  expect(jobs).toHaveLength(1);
  for (const { inputs, outputs } of jobs)
    for (const one of [inputs, outputs]) spoil(one.spec as Record<string, unknown>);
  const asked = rules.filter(({ id }) => id === "migration-runs-once");
  expect(asked).toHaveLength(1);
  return Object.fromEntries(await judge(asked, jobs, {}, previewOfProd));
}

describe("the policy on Jobs, of the program's own backfill", () => {
  it("lets it be tried again and live for a week: it goes on where it was", async () => {
    expect(await broken()).toEqual({});
  });
  it("asks for a limit of tries and of time all the same", async () => {
    expect(Object.keys(await broken((spec) => delete spec.backoffLimit))).toEqual(["migration-runs-once"]);
    expect(Object.keys(await broken((spec) => (spec.activeDeadlineSeconds = 604_801)))).toEqual([
      "migration-runs-once",
    ]);
  });
});
