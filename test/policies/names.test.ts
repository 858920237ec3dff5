import { globSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Rule } from "../../policies/rule";
import { rules } from "../../policies/rules";

const isRule = (value: unknown): value is Rule =>
  typeof value === "object" && value !== null && "id" in value && "remedy" in value;

const camelCase = (id: string): string =>
  id.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

describe("a policy", () => {
  it("is exported under its own id in camelCase, and is in the pack", async () => {
    const folder = join(__dirname, "../../policies");
    const files = globSync("*/*.ts", { cwd: folder });
    const exported: [name: string, rule: Rule][] = [];
    for (const file of files) {
      const content = (await import(join(folder, file))) as Record<string, unknown>;
      for (const [name, value] of Object.entries(content)) if (isRule(value)) exported.push([name, value]);
    }
    expect(exported.filter(([name, { id }]) => name !== camelCase(id)).map(([name]) => name)).toEqual([]);
    expect(new Set(exported.map(([, rule]) => rule))).toEqual(new Set(rules));
  });

  it("has the area of the room that it is in", async () => {
    const folder = join(__dirname, "../../policies");
    for (const file of globSync("*/*.ts", { cwd: folder })) {
      const content = (await import(join(folder, file))) as Record<string, unknown>;
      for (const value of Object.values(content))
        if (isRule(value)) expect([value.id, value.area]).toEqual([value.id, file.split("/")[0]]);
    }
  });
});
