import { describe, expect, it } from "vitest";
import { makeLine, readOptions } from "../../../cli/shell/options";

describe("readOptions", () => {
  it("takes what make passes by the environment, and an empty value for none", () =>
    expect(
      readOptions({}, { STACK: "staging", VERSION: "1.2.0", UPDATE: "", JSON: "1", DRY_RUN: "" }),
    ).toMatchObject({
      stack: "staging",
      version: "1.2.0",
      update: undefined,
      json: true,
      dryRun: false,
      yes: false,
      database: "auto",
    }));
  it("puts the command line before the environment", () =>
    expect(readOptions({ stack: "prod", version: "2" }, { STACK: "staging", VERSION: "1" })).toMatchObject({
      stack: "prod",
      version: "2",
    }));
  it("defaults to prod", () => expect(readOptions({}, {}).stack).toBe("prod"));
  it("refuses another DATABASE= with what is allowed", () =>
    expect(() => readOptions({}, { DATABASE: "drop" })).toThrow(
      "DATABASE is `drop`; allowed are auto, keep, downgrade.",
    ));
  it("knows a named actor from this machine's user", () => {
    expect(readOptions({}, {}).actorNamed).toBe(false);
    expect(readOptions({}, { ACTOR: "ada" })).toMatchObject({ actor: "ada", actorNamed: true });
  });
});

describe("makeLine", () => {
  it("names the stack only where it is not the default", () => {
    expect(makeLine("prod", "rollback", { VERSION: "1.0.0", UPDATE: undefined })).toBe(
      "make rollback VERSION=1.0.0",
    );
    expect(makeLine("staging", "status")).toBe("make status STACK=staging");
  });
  it("quotes what a shell would split", () =>
    expect(makeLine("prod", "unblock", { REASON: "it was the cache" })).toBe(
      'make unblock REASON="it was the cache"',
    ));
});
