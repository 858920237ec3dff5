import { expect, it } from "vitest";
import { jobRevisions } from "../../../decisions/database/jobRevisions";
import { sample } from "../samples";
import { graphOf } from "./graphs";

const { image } = sample(1);
const graph = graphOf({ a: [], b: ["a"], c: ["b"], x: ["gone"], d: ["a"], m: ["c", "d"] });
const hashes = new Map(["a", "b", "c", "d", "m", "x"].map((id) => [id, id.repeat(64)]));
const said = (migration: { revision: string; downgradeFrom?: string }) =>
  jobRevisions({ image, ...migration }, graph, hashes).replace(/(.):\1{64}/g, "$1");

it("a Job is told every revision up to the one that it goes to, with the hash of its file", () => {
  expect(jobRevisions({ revision: "b", image }, graph, hashes)).toBe(
    `a:${"a".repeat(64)},b:${"b".repeat(64)}`,
  );
  expect(said({ revision: "c" })).toBe("a,b,c");
});

it("one that goes down is told those that it comes from", () =>
  expect(said({ revision: "a", downgradeFrom: "c" })).toBe("a,b,c"));

it("one that goes up to a merge is told the revisions of both branches", () =>
  expect(said({ revision: "m" })).toBe("a,b,c,d,m"));

it("nothing is told where the files do not say what comes before what", () => {
  expect(said({ revision: "x" })).toBe("");
  expect(said({ revision: "unknown" })).toBe("");
});
