import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The project's root. */
export const root = join(__dirname, "../..");

const makefile = readFileSync(join(root, "Makefile"), "utf8");

/** Targets of the Makefile. */
export const targets: ReadonlySet<string> = new Set(
  /^COMMANDS := (.*)$/m
    .exec(makefile)?.[1]
    ?.split(" ")
    .concat([...makefile.matchAll(/^([a-z][a-z -]*):(?!=)/gm)].flatMap(([, names = ""]) => names.split(" "))),
);

/** Variables that make hands on to what it starts. */
export const values: ReadonlySet<string> = new Set(/^VALUES := (.*)$/m.exec(makefile)?.[1]?.split(" "));

/** Every Markdown file that git knows or would add. */
export const markdownFiles = (): { path: string; text: string }[] =>
  execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((path) => path !== "")
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
