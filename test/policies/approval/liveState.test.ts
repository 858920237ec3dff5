import { describe, expect, it } from "vitest";
import { hex } from "../../../decisions/release/digest";
import { parameters as paths } from "../../../decisions/stack/names";
import { refusedReasons } from "../../../policies/approval/liveState";
import { digestOf, served, written } from "../../decisions/samples";
import { policyContext } from "../judged";

/** Config as the engine hands it to a policy: structures as JSON text, everything else as its own text. */
const configOf = (values: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `deployment-safety:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

describe("a policy that reads the stack's config", () => {
  const digest = digestOf(1);
  const refusal = { digest, reason: "it loses grades", actor: "ada", at: "2026-11-24T10:00:00Z" };
  const values = new Map([[paths.refused("prod", hex(digest)), JSON.stringify(refusal)]]);

  it.each(["staging", "2026"])("reads it also where the stage before is called %s", async (promotedFrom) => {
    const context = {
      ...policyContext,
      config: configOf(written(served(), { promotedFrom })),
      parameters: () => Promise.resolve(values),
    };
    expect(await refusedReasons(context)).toEqual([expect.stringContaining("it loses grades")]);
  });
});
