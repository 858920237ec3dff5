import fc from "fast-check";
import { expect, it } from "vitest";
import { flagsToHold } from "../../../decisions/flags/heldFlags";
import { served, settingsWith } from "../samples";

const flag = (risk: "high" | "low") => ({ risk, owner: "grades", expires: "2027-03-01" });
const { flags } = settingsWith(served(), { flags: { a: flag("high"), b: flag("low"), c: flag("high") } });
const incident = { id: "INC-1", title: "grades are missing" };

it("an incident holds every flag of high risk, or those that are named, and says which do not exist", () => {
  expect(flagsToHold(flags, {}, incident, undefined).added).toEqual(["a", "c"]);
  expect(flagsToHold(flags, {}, incident, ["b", "x"])).toMatchObject({ added: ["b"], unknown: ["x"] });
  expect(flagsToHold(flags, {}, incident, undefined).heldFlags.a).toEqual({
    reason: "grades are missing",
    incident: "INC-1",
  });
});

it("no hold that was there is lost or changed, and asked again nothing is added", () => {
  const names = fc.subarray(["a", "b", "c"]);
  fc.assert(
    fc.property(names, fc.option(names, { nil: undefined }), (before, named) => {
      const held = Object.fromEntries(before.map((name) => [name, { reason: "of before" }]));
      const { heldFlags, added } = flagsToHold(flags, held, incident, named);
      expect(heldFlags).toMatchObject(held);
      expect(added.filter((name) => before.includes(name))).toEqual([]);
      expect(flagsToHold(flags, heldFlags, incident, named).added).toEqual([]);
    }),
  );
});
