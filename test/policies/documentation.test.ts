import { describe, expect, it } from "vitest";
import { rules } from "../../policies/rules";
import { policiesDocument } from "./documentation";

describe("docs/policies.md", () => {
  it("is what the pack says; -u makes it anew", async () => {
    await expect(policiesDocument(rules)).toMatchFileSnapshot("../../docs/policies.md");
  });

  it("has every policy once, with a name of its own", () => {
    const ids = rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id } of rules) expect(id).toMatch(/^[a-z]+(-[a-z0-9]+)+$/);
  });
});
