import { describe, expect, it } from "vitest";
import { gateSettings } from "../../../cli/deploy/gateSettings";
import { isOverridden, writeOverride } from "../../../cli/deploy/override";
import { fakeContext } from "../fakes";

function contextWith(override: string | undefined) {
  const ctx = fakeContext({ routing: { traffic: "paused" }, healthy: 3, answer: () => ({}), sets: [] });
  Object.assign(ctx.options, { override, reason: "quiet night" });
  return ctx;
}

describe("OVERRIDE", () => {
  it("names several checks, with or without a space after the comma", () => {
    for (const list of ["budget,gate", "budget, gate"]) {
      const ctx = contextWith(list);
      expect([isOverridden(ctx, "budget"), isOverridden(ctx, "gate")]).toEqual([true, true]);
      expect(isOverridden(ctx, "smoke")).toBe(false);
      expect(gateSettings(ctx).overridden).toEqual(["budget"]);
    }
  });
  it("names nothing where it is absent", () =>
    expect(isOverridden(contextWith(undefined), "gate")).toBe(false));
  it("is written for the step with one serial, with who and why", async () => {
    const ctx = contextWith("budget, gate");
    await writeOverride(ctx, 7);
    const written = ctx.parameters.values.get("/deployment-safety/prod/evidence/override/7") ?? "";
    expect(JSON.parse(written)).toMatchObject({ check: "budget, gate", actor: "ada", reason: "quiet night" });
  });
});
