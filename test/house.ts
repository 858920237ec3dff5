import { basename, dirname, join, sep } from "node:path/posix";

/** Rules of this repository that no linter knows. `files` maps a path in the repository to its text. */
export type Files = ReadonlyMap<string, string>;

/** Every broken rule, one line each: file, what is wrong, what is allowed. */
export function houseFaults(files: Files): string[] {
  return [
    ...importFaults(files),
    ...sizeFaults(files),
    ...[...files].flatMap(([path, text]) => [...machineFaults(path, text), ...nameFaults(path)]),
  ];
}

/**
 * Folders that a folder may import from besides itself; a folder that is not listed may import from any but `rehearsal/`
 * (`test/` from that too). `.` is a file in the root, such as index.ts.
 */
const mayImport: Record<string, readonly string[]> = {
  decisions: [],
  records: ["decisions"],
  components: ["decisions", "records"],
  operations: ["decisions", "records"],
  policies: ["decisions", "records"],
  program: ["decisions", "records"],
  rehearsal: ["decisions", "records"],
  ".": ["decisions", "records", "components", "program"],
};

/** decisions/ is pure: time and schemas are all it needs from others. */
const decisionsPackages = ["zod", "luxon", "cron-parser", "node:crypto"];

const importPattern = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["']([^"'\n]+)["']/g;

function importFaults(files: Files): string[] {
  return [...files].flatMap(([path, text]) => {
    if (!/\.m?ts$/.test(path)) return [];
    const own = folderOf(path);
    return [...text.matchAll(importPattern)].flatMap(([, target = ""]) => {
      if (!target.startsWith(".")) {
        const known = decisionsPackages.includes(target) || own !== "decisions";
        return known
          ? []
          : [`${path} imports ${target}; decisions/ may import ${decisionsPackages.join(", ")}`];
      }
      const other = folderOf(join(dirname(path), target));
      if (other === own || own === "test") return [];
      const allowed = mayImport[own];
      if (allowed ? allowed.includes(other) : other !== "rehearsal") return [];
      return [`${path} imports ${target}; ${own}/ may import from ${allowed?.join(", ") || "itself"}`];
    });
  });
}

/** The first folder of a path; `.` for a file in the root. */
const folderOf = (path: string): string => (path.includes(sep) ? (path.split(sep)[0] ?? ".") : ".");

/** Lines of code of rehearsal/ without its scenarios and its example application; why so many: docs/adr/0006. */
const rehearsalLines = 7_200;
const scenarioLines = 40;
const sourceLines = 350;

function sizeFaults(files: Files): string[] {
  const faults: string[] = [];
  let rehearsal = 0;
  for (const [path, text] of files) {
    if (!/\.(ts|mjs|py|sh)$/.test(path)) continue;
    const lines = text.split("\n").length - 1;
    if (/^rehearsal\/(?!scenarios\/|school\/)/.test(path)) rehearsal += codeLines(text);
    const isScenario = path.startsWith("rehearsal/scenarios/") && basename(path) !== "index.ts";
    const limit = isScenario ? scenarioLines : sourceLines;
    if (lines > limit && folderOf(path) !== "test")
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
