import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scenarios } from "../../rehearsal/scenarios";
import { root } from "./documents";
import { figures, withFigures } from "./lastRun";

const readme = readFileSync(join(root, "README.md"), "utf8");

it("README's table of scenarios has each of them once", () => {
  const table = /^\| about .*\n(?:\|.*\n)+/m.exec(readme)?.[0] ?? "";
  const named = [...table.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  expect(named.toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted());
});

it("README's figures are those of the committed run", async () => {
  await expect(withFigures(readme)).toMatchFileSnapshot("../../README.md");
});

it("figures of a run that lacks a scenario are refused by name, and not left out", () => {
  const tests = { passed: 1, failed: 0, skipped: 0, seconds: 1 };
  const rehearsal = { seconds: 1, scenarios: [] };
  expect(() => figures({ on: "2026-01-01", machine: "one", rehearsal, tests })).toThrow(
    "The run has no figure failedRequests of second-release.",
  );
});

it("README shows its first picture within two screens", () => {
  const picture = readme.split("\n").findIndex((line) => line.startsWith("!["));
  expect(picture).toBeGreaterThan(0);
  expect(picture).toBeLessThan(80);
});
