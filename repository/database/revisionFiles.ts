import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { revisionGraph, type RevisionGraph } from "../../decisions/database/revisionGraph";
import { readRevisionHeader, type RevisionHeader } from "../../decisions/database/revisionHeader";
import { namesIn } from "../stack/files";

/** Folder of Alembic's revisions below the project's root; a file's name is `<revision>_<words>.py`. */
export const revisionsFolder = "migrations/revisions";

interface RevisionFile extends RevisionHeader {
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
  for (const name of namesIn(join(root, revisionsFolder)).filter(isRevision)) {
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
    files.set(revision, { ...read.header, file, sha256: hash("sha256", content) });
  }
  // Which of two is meant, nobody can tell.
  for (const revision of twice) files.delete(revision);
  return { files, graph: revisionGraph(files.values(), issues) };
}

/** Whether Alembic takes a name for a revision's. */
const isRevision = (name: string): boolean => name.endsWith(".py") && !/^(\.#|__init__)/.test(name);
