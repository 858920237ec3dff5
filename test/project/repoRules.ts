import { basename, dirname, extname } from "node:path/posix";

/** Rules of this repository that no linter knows. `files` maps a path in the repository to its text. */
export type Files = ReadonlyMap<string, string>;

/** Every broken rule, one line each: file, what is wrong, what is allowed. */
export function repoIssues(files: Files): string[] {
  return [
    ...sizeIssues(files),
    ...crowdedFolders(files),
    ...[...files].flatMap(([path, text]) => [...machineIssues(path, text), ...nameIssues(path)]),
  ];
}

const isSource = (path: string): boolean => [".ts", ".mjs", ".cjs", ".py", ".sh"].includes(extname(path));

/** Lines of code of rehearsal/ without its scenarios and its example application; why so many: docs/adr/0006. */
const rehearsalLines = 7_200;
const scenarioLines = 40;
/** A scenario imports much, and the length of paths says nothing about it. */
const withoutImports = (text: string): string => text.replaceAll(/^import [^;]*;\n/gm, "");
/** Lines of a Python or shell file; ESLint has the same limit for the others. */
const otherLines = 300;

function sizeIssues(files: Files): string[] {
  const issues: string[] = [];
  let rehearsal = 0;
  for (const [path, text] of files) {
    if (!isSource(path)) continue;
    const isScenario = path.startsWith("rehearsal/scenarios/") && basename(path) !== "index.ts";
    const lines = (isScenario ? withoutImports(text) : text).split("\n").length - 1;
    if (/^rehearsal\/(?!scenarios\/|school\/)/.test(path)) rehearsal += codeLines(text);
    const limit = isScenario ? scenarioLines : /\.(py|sh)$/.test(path) ? otherLines : Infinity;
    if (lines > limit && !path.startsWith("test/"))
      issues.push(`${path} has ${lines} lines; at most ${limit}`);
  }
  if (rehearsal > rehearsalLines)
    issues.push(
      `rehearsal/ has ${rehearsal} lines of code without scenarios/ and school/; at most ${rehearsalLines}`,
    );
  return issues;
}

/** Lines that are neither blank nor a comment. */
const codeLines = (text: string): number =>
  text.split("\n").filter((line) => !/^\s*($|\/\/|\/?\*|#)/.test(line)).length;

const productFolders = ["cli", "components", "decisions", "policies", "program", "repository"];
/** Source files directly in one folder of the product; more, and nobody finds the right one. */
const filesPerFolder = 15;

function crowdedFolders(files: Files): string[] {
  const counts = new Map<string, number>();
  for (const path of files.keys()) {
    if (!isSource(path) || !productFolders.includes(path.split("/", 1)[0] ?? "")) continue;
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > filesPerFolder)
    .map(
      ([folder, count]) =>
        `${folder}/ has ${count} source files beside each other; at most ${filesPerFolder}: make a room`,
    );
}

/** A home folder, or a registry's address in a lock file: true on one machine only. */
function machineIssues(path: string, text: string): string[] {
  const home = /(?<![\w.$}~*-])\/(?:root|home\/\w+|Users\/\w+|work)\/[\w.]+/.exec(text);
  const isLock = /(^|\/)package-lock\.json$|^requirements\//.test(path);
  const registry = isLock
    ? /"resolved": "http[^"]*"|--(?:extra-)?index-url.*|https?:\/\/\S+\.(?:whl|gz)/.exec(text)
    : null;
  return [home, registry].flatMap((found) =>
    found ? [`${path} holds ${found[0]}, which is true on one machine only`] : [],
  );
}

const emptyNames = ["util", "utils", "helper", "helpers", "common", "misc"];

/** A file is named after its one idea. */
function nameIssues(path: string): string[] {
  const name = basename(path).split(".")[0] ?? "";
  return emptyNames.includes(name.toLowerCase()) ? [`${path}: name it after what it does`] : [];
}
