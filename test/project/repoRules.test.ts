import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { houseFaults } from "./repoRules";

const repository = (): Map<string, string> => {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { encoding: "utf8" });
  const paths = listed.split("\n").filter((path) => path !== "" && existsSync(path));
  return new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
};

const lines = (count: number): string => "x\n".repeat(count);
const faultsOf = (path: string, text: string): string[] => houseFaults(new Map([[path, text]]));

describe("the house rules", () => {
  it("hold in this repository", () => {
    expect(houseFaults(repository())).toEqual([]);
  });

  it("bound the size of a scenario, of a source file and of the rehearsal", () => {
    expect(faultsOf("rehearsal/scenarios/first.ts", lines(40))).toEqual([]);
    expect(faultsOf("rehearsal/scenarios/first.ts", lines(41))).toHaveLength(1);
    expect(faultsOf("cli/stack/lease.ts", lines(350))).toEqual([]);
    expect(faultsOf("cli/stack/lease.ts", lines(351))).toHaveLength(1);
    const many = (folder: string, count: number) =>
      new Map(Array.from({ length: count }, (_, n) => [`${folder}/file${n}.ts`, lines(250)]));
    expect(houseFaults(many("rehearsal", 24))).toEqual([]);
    expect(houseFaults(many("rehearsal", 29))).toEqual([expect.stringContaining("7250 lines")]);
    expect(houseFaults(many("rehearsal/school", 21))).toEqual([]);
  });

  it("refuse a folder of one machine and a registry's address in a lock file", () => {
    for (const folder of [
      ["", "root", "bin"],
      ["", "home", "ada", "bin"],
      ["", "Users", "ada", "bin"],
    ])
      expect(faultsOf("README.md", `see ${folder.join("/")}`)).toHaveLength(1);
    expect(faultsOf("README.md", "see https://example.com/home/page")).toEqual([]);
    expect(faultsOf("package-lock.json", '"resolved": "https://registry.example.com/a.tgz"')).toHaveLength(1);
    expect(faultsOf("requirements/dev.txt", "--index-url https://registry.example.com")).toHaveLength(1);
  });

  it("refuse file names that say nothing", () => {
    expect(faultsOf("cli/utils.ts", "")).toHaveLength(1);
    expect(faultsOf("test/helpers.py", "")).toHaveLength(1);
  });
});
