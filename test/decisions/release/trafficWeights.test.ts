import { expect, it } from "vitest";
import { digest, hex } from "../../../decisions/release/digest";
import { configDiff, diffText, masked } from "../../../decisions/stack/configDiff";
import { slotAllocations, forwardWeights, trafficWeights } from "../../../decisions/release/trafficWeights";
import type { Release } from "../../../decisions/stack/config";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { deployed, sample, served, settingsWith } from "../samples";

const one = served();
const [two, , canary, loaded] = deployed(one, 2) as [Release, Release, Release, Release];
const { sizing } = settingsWith(one);

it("a canary has its weight, all web pods and its own number of workers; standby and loaded slots have no workers", () => {
  expect(slotAllocations(canary, sizing)).toEqual({
    blue: { weight: 90, web: 3, workers: 2 },
    green: { weight: 10, web: 3, workers: 1 },
  });
  expect(slotAllocations(loaded, sizing).green).toEqual({ weight: 0, web: 3, workers: 0 });
  expect(slotAllocations(two, sizing)).toEqual({
    blue: { weight: 0, web: 3, workers: 0 },
    green: { weight: 100, web: 3, workers: 2 },
  });
  expect(slotAllocations(one, sizing).green).toEqual({ weight: 0, web: 0, workers: 0 });
});

it("a pause stops the traffic and the workers of both slots, and keeps what the rule goes back to", () => {
  const paused = releaseAfter.pause(canary);
  expect(trafficWeights(paused)).toEqual({ blue: 0, green: 0 });
  expect(forwardWeights(paused)).toEqual({ blue: 90, green: 10 });
  expect(slotAllocations(paused, sizing)).toMatchObject({
    blue: { web: 3, workers: 0 },
    green: { web: 3, workers: 0 },
  });
});

it("an image's digest is what follows the last @, and a tag has none", () => {
  expect(hex(digest(sample(1).image))).toBe("1".repeat(64));
  expect(() => digest("example.com/school:1.0.0")).toThrow(/example.com\/school:1.0.0.*sha256/);
});

it("a diff shows leaves, takes a list for one, and masks what is secret", () => {
  const lines = configDiff(
    { a: { b: 1, gone: true }, list: [1, 2], key: "old" },
    { a: { b: 2 }, list: [2, 1], key: "new", more: "x" },
    (path) => path === "key",
  );
  expect(lines.map(diffText)).toEqual([
    "~ a.b: 1 -> 2",
    "- a.gone: true",
    `~ key: ${masked} -> ${masked}`,
    "~ list: [1,2] -> [2,1]",
    "+ more: x",
  ]);
});
