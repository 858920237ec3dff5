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

/** The page's sections: an id, the scenarios that show it, and links to tests. */
const sections = readFileSync(join(root, "docs/requirements.md"), "utf8")
  .split(/^### /m)
  .slice(1)
  .map((text) => ({
    id: text.slice(0, 2),
    scenarios: /^- Scenarios: (.*)$/m.exec(text)?.[1] ?? "",
    tests: [...text.matchAll(/^- Test: \[(.*)\]\(\.\.\/([^)]+)\)$/gm)],
  }));

it("every requirement has its section, in order", () => {
  expect(sections.map(({ id }) => id)).toEqual(ids);
});

it("every section names scenarios that are rehearsed and tests that exist", () => {
  const known = new Set(scenarios.map(({ name }) => name));
  const issues = sections.flatMap(({ id, scenarios: shown, tests }) => {
    const named = [...shown.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    return [
      ...named.filter((name) => !known.has(name)).map((name) => `${id}: no scenario ${name}`),
      ...(tests.length === 0 ? [`${id}: no test`] : []),
      ...tests.flatMap(([, title = "", file = ""]) =>
        existsSync(join(root, file)) &&
        readFileSync(join(root, file), "utf8").includes(title.replaceAll("\\_", "_"))
          ? []
          : [`${id}: ${file} has no test "${title}"`],
      ),
    ];
  });
  expect(issues).toEqual([]);
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
