import { expect, it } from "vitest";
import { jobRevisions } from "../../../decisions/database/jobRevisions";
import { sample } from "../samples";

const { image } = sample(1);
const parents = new Map([
  ["a", null],
  ["b", "a"],
  ["c", "b"],
  ["x", "gone"],
]);
const hashes = new Map(["a", "b", "c", "x"].map((id) => [id, id.repeat(64)]));
const said = (migration: { revision: string; downgradeFrom?: string }) =>
  jobRevisions({ image, ...migration }, parents, hashes).replace(/(.):\1{64}/g, "$1");

it("a Job is told every revision up to the one that it goes to, with the hash of its file", () => {
  expect(jobRevisions({ revision: "b", image }, parents, hashes)).toBe(
    `a:${"a".repeat(64)},b:${"b".repeat(64)}`,
  );
  expect(said({ revision: "c" })).toBe("a,b,c");
});

it("one that goes down is told those that it comes from", () =>
  expect(said({ revision: "a", downgradeFrom: "c" })).toBe("a,b,c"));

it("nothing is told where the files do not say what comes before what", () => {
  expect(said({ revision: "x" })).toBe("");
  expect(said({ revision: "unknown" })).toBe("");
});
