import { basename } from "node:path/posix";

/** Rules of this repository that no linter knows. `files` maps a path in the repository to its text. */
export type Files = ReadonlyMap<string, string>;

/** Every broken rule, one line each: file, what is wrong, what is allowed. */
export function houseFaults(files: Files): string[] {
  return [
    ...sizeFaults(files),
    ...[...files].flatMap(([path, text]) => [...machineFaults(path, text), ...nameFaults(path)]),
  ];
}

/** Lines of code of rehearsal/ without its scenarios and its example application; why so many: docs/adr/0006. */
const rehearsalLines = 7_200;
const scenarioLines = 40;
/** A scenario imports much, and how long the paths are is no matter of its own. */
const withoutImports = (text: string): string => text.replaceAll(/^import [^;]*;\n/gm, "");
/** Lines of any other source file; ESLint knows only the TypeScript ones. */
const sourceLines = 350;

function sizeFaults(files: Files): string[] {
  const faults: string[] = [];
  let rehearsal = 0;
  for (const [path, text] of files) {
    if (!/\.(ts|mjs|py|sh)$/.test(path)) continue;
    const isScenario = path.startsWith("rehearsal/scenarios/") && basename(path) !== "index.ts";
    const lines = (isScenario ? withoutImports(text) : text).split("\n").length - 1;
    if (/^rehearsal\/(?!scenarios\/|school\/)/.test(path)) rehearsal += codeLines(text);
    const limit = isScenario ? scenarioLines : sourceLines;
    if (lines > limit && !path.startsWith("test/"))
      faults.push(`${path} has ${lines} lines; at most ${limit}`);
  }
  if (rehearsal > rehearsalLines)
    faults.push(
      `rehearsal/ has ${rehearsal} lines of code without scenarios/ and school/; at most ${rehearsalLines}`,
    );
  return faults;
}

/** Lines that are neither blank nor a comment. */
const codeLines = (text: string): number =>
  text.split("\n").filter((line) => !/^\s*($|\/\/|\/?\*|#)/.test(line)).length;

/** A home folder, or a registry's address in a lock file: true on one machine only. */
function machineFaults(path: string, text: string): string[] {
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
function nameFaults(path: string): string[] {
  const name = basename(path).split(".")[0] ?? "";
  return emptyNames.includes(name.toLowerCase()) ? [`${path}: name it after what it does`] : [];
}
