import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseDocument } from "yaml";
import { type Addresses, replaceAddresses } from "./addresses";

/** A copy of the project, so that the rehearsal never changes the project's own stack files and releases. */

export const git = (folder: string, ...words: string[]): string =>
  execFileSync("git", ["-C", folder, ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio: ["ignore", "pipe", "pipe"],
  });

/** Copies what git tracks or would add, links what set-up installed, and makes the copy its own repository. */
export function makeWorkingCopy(project: string, copy: string): void {
  rmSync(copy, { recursive: true, force: true });
  for (const file of git(project, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split(
    "\0",
  )) {
    if (file === "" || !existsSync(join(project, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(project, file), join(copy, file));
  }
  for (const installed of ["node_modules", ".venv"])
    symlinkSync(join(project, installed), join(copy, installed));
  git(copy, "init", "--quiet", "--initial-branch=main");
  writeFileSync(join(copy, ".git", "info", "exclude"), "node_modules\n.venv\n");
}

/** A clone of a working copy, with its stack files as they were last committed. */
export function cloneWorkingCopy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  git(from, "clone", "--quiet", from, to);
  for (const installed of ["node_modules", ".venv"]) symlinkSync(join(from, installed), join(to, installed));
}

/** Replaces the addresses in a stack file of the copy. */
export function addressStackFile(copy: string, stack: string, addresses: Addresses): void {
  const file = join(copy, `Pulumi.${stack}.yaml`);
  const document = parseDocument(readFileSync(file, "utf8"));
  replaceAddresses(document, addresses);
  writeFileSync(file, document.toString());
}
