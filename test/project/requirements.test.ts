import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scenarios } from "../../rehearsal/scenarios";
import { root } from "./documents";

/** Ids of the requirements, by their letter: how many there are of each. */
const counts = { A: 9, B: 7, C: 7, D: 5, E: 7, F: 6 };
const ids = Object.entries(counts).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
);

/** Rows of the page: id, what, scenarios, tests. */
const rows = readFileSync(join(root, "docs/requirements.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| [A-F]\d /.test(line))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([, id = "", , shown = "", tests = ""]) => ({ id, shown, tests }));

it("every requirement has its row, in order", () => {
  expect(rows.map(({ id }) => id)).toEqual(ids);
});

it("every row names scenarios that are rehearsed and tests that are there", () => {
  const known = new Set(scenarios.map(({ name }) => name));
  const faults = rows.flatMap(({ id, shown, tests }) => {
    const named = [...shown.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    const linked = [...tests.matchAll(/\[(.*?)\]\(\.\.\/([^)]+)\)/g)];
    return [
      ...named.filter((name) => !known.has(name)).map((name) => `${id}: no scenario ${name}`),
      ...(linked.length === 0 ? [`${id}: no test`] : []),
      ...linked.flatMap(([, title = "", file = ""]) =>
        existsSync(join(root, file)) &&
        readFileSync(join(root, file), "utf8").includes(title.replaceAll("\\_", "_"))
          ? []
          : [`${id}: ${file} has no test "${title}"`],
      ),
    ];
  });
  expect(faults).toEqual([]);
});

it("README's table of scenarios has each of them once", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const table = /^\| about .*\n(?:\|.*\n)+/m.exec(readme)?.[0] ?? "";
  const named = [...table.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  expect(named.toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted());
});

it("the libraries and files of F6 are where they are looked for", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, object>;
  const installed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(installed).toEqual(
    expect.arrayContaining([
      "@pulumi/pulumi",
      "@pulumi/aws",
      "@pulumi/kubernetes",
      "@pulumi/postgresql",
      "luxon",
      "vitest",
    ]),
  );
  for (const path of [
    "Pulumi.yaml",
    "Pulumi.staging.yaml",
    "Pulumi.prod.yaml",
    "index.ts",
    "components",
    "policies",
  ])
    expect(existsSync(join(root, path)), path).toBe(true);
});
