import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readRevisionText, type RevisionText } from "../../decisions/database/revisionText";

/** Folder of the revisions below the project's root. */
const folder = "migrations/revisions";

/** A revision's file. */
export interface RevisionFile extends RevisionText {
  /** Path below the project's root. */
  file: string;
  /** SHA-256 of the file, hex. */
  sha256: string;
}

/** Every revision of the project by its id. A folder that is not there has none. */
export function readRevisionTexts(root: string): Map<string, RevisionFile> {
  let names: string[];
  try {
    names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".py"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  return new Map(
    names.flatMap((name): [string, RevisionFile][] => {
      const file = `${folder}/${name}`;
      const content = readFileSync(join(root, file));
      const read = readRevisionText(content.toString());
      if (!read) return [];
      const sha256 = createHash("sha256").update(content).digest("hex");
      return [[read.revision, { ...read, file, sha256 }]];
    }),
  );
}
