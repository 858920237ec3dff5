import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { revisionGraph, type RevisionGraph } from "../../decisions/database/revisionGraph";
import { readRevisionHeader, type RevisionHeader } from "../../decisions/database/revisionHeader";

/** Folder of Alembic's revisions below the project's root; a file's name is `<revision>_<words>.py`. */
export const revisionsFolder = "migrations/revisions";

export interface RevisionFile extends RevisionHeader {
  /** Path below the project's root. */
  file: string;
  /** SHA-256 of the file, hex. */
  sha256: string;
}

/** The project's revisions as their files are now. */
export interface RevisionFiles {
  /** Each by its id. */
  files: ReadonlyMap<string, RevisionFile>;
  graph: RevisionGraph;
}

/** Reads every revision. Without the folder there is none; a file that cannot be read is an issue of the graph. */
export function readRevisionFiles(root: string): RevisionFiles {
  const files = new Map<string, RevisionFile>();
  const issues: string[] = [];
  const twice = new Set<string>();
  for (const name of fileNames(root)) {
    const file = `${revisionsFolder}/${name}`;
    const content = readFileSync(join(root, file));
    const read = readRevisionHeader(content.toString());
    if (!read.ok) {
      issues.push(`${file} cannot be read: ${read.reasons.join("; ")}`);
      continue;
    }
    const { revision } = read.header;
    const other = files.get(revision);
    if (other) issues.push(`both ${other.file} and ${file} are revision ${revision}`);
    if (other) twice.add(revision);
    files.set(revision, { ...read.header, file, sha256: createHash("sha256").update(content).digest("hex") });
  }
  // Which of two is meant, nobody can tell.
  for (const revision of twice) files.delete(revision);
  return { files, graph: revisionGraph(files.values(), issues) };
}

/** The names that Alembic takes for revisions, in an order that does not depend on the disk. */
function fileNames(root: string): string[] {
  try {
    const names = readdirSync(join(root, revisionsFolder));
    return names.filter((name) => name.endsWith(".py") && !/^(\.#|__init__)/.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
