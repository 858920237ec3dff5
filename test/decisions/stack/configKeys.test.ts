import { describe, expect, it } from "vitest";
import { configOfEntry } from "../../../decisions/stack/history";
import { configValue, ownEntries } from "../../../decisions/stack/configKeys";
import { entry, served } from "../samples";

describe("a config value as Pulumi passes it", () => {
  it.each([
    ["12", "12"],
    ["true", "true"],
    ["staging", "staging"],
    ['{"lock":"governance"}', { lock: "governance" }],
    ['["a"]', ["a"]],
    ["{ no json", "{ no json"],
  ])("`%s` is parsed only where it is a structure", (text, value) =>
    expect(configValue(text)).toEqual(value),
  );
});

describe("the namespace of config keys", () => {
  it("is taken off the product's own keys, and every other key is left out", () =>
    expect(ownEntries({ "deployment-safety:release": 1, "aws:region": 2 })).toEqual([["release", 1]]));

  it("stays in a key of somebody else that only contains it", () => {
    const config = { "their:deployment-safety:key": { value: "x" } };
    expect(configOfEntry({ ...entry(served()), config })).toEqual({ "their:deployment-safety:key": "x" });
  });
});
