import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Evidence } from "../../decisions/approval/evidence";
import { jobRevisions } from "../../decisions/database/jobRevisions";
import type { Release } from "../../decisions/release/release";
import { type ProvedRevision, readProof } from "../../decisions/database/revisionProof";
import { type EvidenceSettings, judgeFile, sha256Of } from "../approval/evidence";

/** Folder of Alembic's revisions; a file's name is `<revision>_<words>.py`. */
const folder = "migrations/revisions";

/** Folder of the seed scripts. */
const seeds = "migrations/seeds";

/** The revisions' files below the project's root. */
export interface RevisionFiles {
  /** Revision -> path of its file. */
  files: ReadonlyMap<string, string>;
  /** Revision -> the one before it; null for the first. */
  parents: ReadonlyMap<string, string | null>;
}

/** Reads which revisions there are and what each follows; nothing else is taken from the files. */
export function readRevisionFiles(root: string): RevisionFiles {
  const files = new Map<string, string>();
  const parents = new Map<string, string | null>();
  for (const name of listed(join(root, folder))) {
    const text = readFileSync(join(root, folder, name), "utf8");
    const id = /^revision(?:\s*:[^=\n]+)?\s*=\s*["']([^"']+)["']/m.exec(text)?.[1];
    if (id === undefined) continue;
    files.set(id, `${folder}/${name}`);
    parents.set(id, /^down_revision(?:\s*:[^=\n]+)?\s*=\s*["']([^"']+)["']/m.exec(text)?.[1] ?? null);
  }
  return { files, parents };
}

/** Revision -> SHA-256 of its file as it is. */
export const hashesOf = (root: string, { files }: RevisionFiles): ReadonlyMap<string, string> =>
  new Map([...files].map(([id, file]) => [id, sha256Of(root, file)]));

/** What the Job of a migration is told of the revisions' files as they are; see {@link jobRevisions}. */
export function readJobRevisions(root: string, migration: NonNullable<Release["migration"]>): string {
  const known = readRevisionFiles(root);
  return jobRevisions(migration, known.parents, hashesOf(root, known));
}

/** Proof and review of one revision, as they count for its file as it is now. */
export function readProvedRevision(
  root: string,
  known: RevisionFiles,
  id: string,
  settings: EvidenceSettings,
): ProvedRevision {
  const proof = readRevisionProof(root, known, id, settings);
  const file = known.files.get(id);
  if (file === undefined) return { id, proof, review: missing(id) };
  const review = judgeFile(root, "review", id, file, settings);
  return { id, proof, review: review.ok ? { ok: true, by: review.by } : review };
}

/** The proof of one revision, as it counts for its file as it is now. */
export function readRevisionProof(
  root: string,
  { files }: RevisionFiles,
  id: string,
  settings: EvidenceSettings,
): ProvedRevision["proof"] {
  const file = files.get(id);
  if (file === undefined) return missing(id);
  const proved = judgeFile(root, "proof", id, file, settings);
  return proved.ok ? detailsOf(proved.evidence) : proved;
}

const missing = (id: string) => ({
  ok: false as const,
  reasons: [`there is no file of revision ${id} in ${folder}`],
  next: `Check out the commit that the release was built from: it has ${folder}/${id}_….py.`,
});

function detailsOf(evidence: Evidence): ProvedRevision["proof"] {
  const read = readProof(evidence);
  const next = `Run \`make prove-migrations REVISION=${evidence.subject}\` and commit the file.`;
  return read.ok ? read : { ...read, next };
}

/** SHA-256 over the names and contents of the seed scripts; migrations/check/previous.py computes the same. */
export function seedsHash(root: string): string {
  const whole = createHash("sha256");
  const there = existsSync(join(root, seeds));
  const names = (there ? readdirSync(join(root, seeds), { recursive: true, withFileTypes: true }) : [])
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, seeds).length + 1))
    .sort((a, b) => (a < b ? -1 : 1));
  for (const name of names) {
    const content = readFileSync(join(root, seeds, name));
    whole.update(`${name}\0${content.length}\0`).update(content);
  }
  return whole.digest("hex");
}

function listed(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => name.endsWith(".py"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
