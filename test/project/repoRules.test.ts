import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { repoIssues } from "./repoRules";

const committed = (): Map<string, string> => {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { encoding: "utf8" });
  const paths = listed.split("\n").filter((path) => path !== "" && existsSync(path));
  return new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
};

const lines = (count: number): string => "x\n".repeat(count);
const issuesOf = (path: string, text: string): string[] => repoIssues(new Map([[path, text]]));

describe("the repository's rules", () => {
  it("hold in this repository", () => {
    expect(repoIssues(committed())).toEqual([]);
  });

  it("bound the size of a scenario, of a Python or shell file and of the rehearsal", () => {
    expect(issuesOf("rehearsal/scenarios/first.ts", lines(40))).toEqual([]);
    expect(issuesOf("rehearsal/scenarios/first.ts", lines(41))).toHaveLength(1);
    expect(issuesOf("migrations/safe/limits.py", lines(300))).toEqual([]);
    expect(issuesOf("migrations/safe/limits.py", lines(301))).toHaveLength(1);
    expect(issuesOf("setup/tool.sh", lines(301))).toHaveLength(1);
    expect(issuesOf("test/conftest.py", lines(301))).toEqual([]);
    const many = (folder: string, count: number) =>
      new Map(Array.from({ length: count }, (_, n) => [`${folder}/file${n}.ts`, lines(250)]));
    expect(repoIssues(many("rehearsal", 24))).toEqual([]);
    expect(repoIssues(many("rehearsal", 29))).toEqual([expect.stringContaining("7250 lines")]);
    expect(repoIssues(many("rehearsal/school", 21))).toEqual([]);
  });

  it("let a folder of the product hold at most 15 source files beside each other", () => {
    const beside = (folder: string, count: number) =>
      new Map(Array.from({ length: count }, (_, n): [string, string] => [`${folder}/file${n}.ts`, ""]));
    expect(repoIssues(beside("decisions/gate", 15))).toEqual([]);
    expect(repoIssues(beside("decisions/gate", 16))).toEqual([
      "decisions/gate/ has 16 source files beside each other; at most 15: make a room",
    ]);
    expect(
      repoIssues(new Map([...beside("cli", 15), ...beside("cli/stack", 15), ["cli/README.md", ""]])),
    ).toEqual([]);
    expect(repoIssues(beside("test/policies", 16))).toEqual([]);
  });

  it("refuse a folder of one machine and a registry's address in a lock file", () => {
    for (const folder of [
      ["", "root", "bin"],
      ["", "home", "ada", "bin"],
      ["", "Users", "ada", "bin"],
    ])
      expect(issuesOf("README.md", `see ${folder.join("/")}`)).toHaveLength(1);
    expect(issuesOf("README.md", "see https://example.com/home/page")).toEqual([]);
    expect(issuesOf("package-lock.json", '"resolved": "https://registry.example.com/a.tgz"')).toHaveLength(1);
    expect(issuesOf("requirements/dev.txt", "--index-url https://registry.example.com")).toHaveLength(1);
  });

  it("refuse file names that say nothing", () => {
    expect(issuesOf("cli/utils.ts", "")).toHaveLength(1);
    expect(issuesOf("test/helpers.py", "")).toHaveLength(1);
  });
});
