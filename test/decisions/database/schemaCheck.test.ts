import fc from "fast-check";
import { expect, it } from "vitest";
import type { Step } from "../../../decisions/release/transitionFacts";
import { schemaCheck } from "../../../decisions/database/schemaCheck";

const steps = (...names: Step[]) => names.map((step) => ({ step }));
const note = (step: string, operation = "deploy") => ({ step, operation });
const back = steps("rollback", "validate");

it("a difference does not hold up a rollback that leaves the database where a deploy has taken it", () => {
  expect(schemaCheck(note("migrate"), back, "auto")).toBe("warn");
  expect(schemaCheck(note("migrate", "migrate"), back, "keep")).toBe("warn");
});

it("it ends one that has yet to move the database, whatever was asked", () => {
  expect(schemaCheck(note("migrate"), steps("rollback", "downgrade", "validate"), "downgrade")).toBe("stop");
  expect(schemaCheck(note("migrate"), steps("migrate", "validate"), "keep")).toBe("stop");
});

it("it ends one that has moved the database already and has yet to open traffic, unless the schema is to be kept", () => {
  expect(schemaCheck(note("downgrade", "rollback"), steps("validate"), "auto")).toBe("stop");
  expect(schemaCheck(note("migrate", "rollback"), steps("validate"), "auto")).toBe("stop");
  expect(schemaCheck(note("downgrade", "rollback"), steps("validate"), "keep")).toBe("warn");
});

it("nobody looks where the newest update changed no schema, or a person's own update says nothing of itself", () => {
  expect(schemaCheck(note("validate"), steps("rollback", "downgrade", "validate"), "auto")).toBe("skip");
  expect(schemaCheck(undefined, back, "auto")).toBe("skip");
});

it("never warns only while the database has yet to move", () => {
  const step = fc.constantFrom<Step>("migrate", "downgrade", "rollback", "validate", "load", "pause");
  const asked = fc.constantFrom("auto" as const, "keep" as const, "downgrade" as const);
  fc.assert(
    fc.property(
      fc.array(step),
      step,
      fc.constantFrom("deploy", "rollback"),
      asked,
      (left, last, by, want) => {
        const moves = left.some((one) => one === "migrate" || one === "downgrade");
        expect(schemaCheck(note(last, by), steps(...left), want) === "warn" && moves).toBe(false);
      },
    ),
  );
});
