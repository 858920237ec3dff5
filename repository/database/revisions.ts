import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Evidence } from "../../decisions/approval/evidence";
import { jobRevisions } from "../../decisions/database/jobRevisions";
import type { Release } from "../../decisions/release/release";
import { type ProvedRevision, readProof } from "../../decisions/database/revisionProof";
import { type EvidenceSettings, judgeFile } from "../approval/evidence";
import { readRevisionFiles, revisionsFolder, type RevisionFiles } from "./revisionFiles";

/** Folder of the seed scripts. */
const seeds = "migrations/seeds";

/** Revision -> SHA-256 of its file as it is. */
export const hashesOf = (files: RevisionFiles["files"]): ReadonlyMap<string, string> =>
  new Map([...files].map(([id, { sha256 }]) => [id, sha256]));

/** What the Job of a migration is told of the revisions' files as they are; see {@link jobRevisions}. */
export function readJobRevisions(root: string, migration: NonNullable<Release["migration"]>): string {
  const known = readRevisionFiles(root);
  return jobRevisions(migration, known.graph, hashesOf(known.files));
}

/** Proof and review of one revision, as they count for its file as it is now. */
export function readProvedRevision(
  root: string,
  files: RevisionFiles["files"],
  id: string,
  settings: EvidenceSettings,
): ProvedRevision {
  const proof = readRevisionProof(root, files, id, settings);
  const file = files.get(id)?.file;
  if (file === undefined) return { id, proof, review: missing(id) };
  const review = judgeFile(root, "review", id, file, settings);
  return { id, proof, review: review.ok ? { ok: true, by: review.by } : review };
}

/** The proof of one revision, as it counts for its file as it is now. */
export function readRevisionProof(
  root: string,
  files: RevisionFiles["files"],
  id: string,
  settings: EvidenceSettings,
): ProvedRevision["proof"] {
  const file = files.get(id)?.file;
  if (file === undefined) return missing(id);
  const proved = judgeFile(root, "proof", id, file, settings);
  return proved.ok ? detailsOf(proved.evidence) : proved;
}

const missing = (id: string) => ({
  ok: false as const,
  reasons: [`there is no file of revision ${id} in ${revisionsFolder}`],
  next: `Check out the commit that the release was built from: it has ${revisionsFolder}/${id}_….py.`,
});

function detailsOf(evidence: Evidence): ProvedRevision["proof"] {
  const read = readProof(evidence);
  const next = `Run \`make prove-migrations REVISION=${evidence.subject}\` and commit the file.`;
  return read.ok ? read : { ...read, next };
}

/** SHA-256 over the names and contents of the seed scripts; migrations/check/earlier_releases.py computes the same. */
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
