import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Evidence, EvidenceKind, judgeEvidence } from "../../decisions/approval/evidence";
import { jobRevisions } from "../../decisions/database/jobRevisions";
import type { Release, Settings } from "../../decisions/stack/config";
import { type ProvedRevision, readProof } from "../../decisions/database/revisionProof";
import { evidenceSettings, judgeFile } from "../approval/evidence";
import { readRevisionFiles, revisionsFolder, type RevisionFiles } from "./revisionFiles";

/** Folder of the seed scripts. */
const seeds = "migrations/seeds";

/** The project's revisions with their evidence, as it counts for each file as it is now. */
export interface Revisions extends RevisionFiles {
  proof: (id: string) => ProvedRevision["proof"];
  approval: (id: string) => ReturnType<typeof judgeEvidence>;
  /** Proof and review. */
  proved: (id: string) => ProvedRevision;
}

/** Reads every revision; its evidence is read when it is asked for. */
export function readRevisions(
  root: string,
  settings: Pick<Settings, "evidence" | "promotedFrom">,
): Revisions {
  const { files, graph } = readRevisionFiles(root);
  const wanted = evidenceSettings(settings);
  const judge = (kind: EvidenceKind, id: string) => {
    const file = files.get(id)?.file;
    return file === undefined ? missing(id) : judgeFile(root, kind, id, file, wanted);
  };
  const proof = (id: string) => {
    const judged = judge("proof", id);
    return judged.ok ? detailsOf(judged.evidence) : judged;
  };
  const proved = (id: string): ProvedRevision => ({ id, proof: proof(id), review: judge("review", id) });
  return { files, graph, proof, approval: (id) => judge("approval", id), proved };
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

/** Revision -> SHA-256 of its file as it is. */
export const hashesOf = (files: RevisionFiles["files"]): ReadonlyMap<string, string> =>
  new Map([...files].map(([id, { sha256 }]) => [id, sha256]));

/** What the Job of a migration is told of the revisions' files as they are; see {@link jobRevisions}. */
export function readJobRevisions(root: string, migration: NonNullable<Release["migration"]>): string {
  const { files, graph } = readRevisionFiles(root);
  return jobRevisions(migration, graph, hashesOf(files));
}

/** SHA-256 over the names and contents of the seed scripts; migrations/check/earlier_releases.py computes the same. */
export function seedsHash(root: string): string {
  const folder = join(root, seeds);
  const whole = createHash("sha256");
  const there = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const names = there
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort((a, b) => (a < b ? -1 : 1));
  for (const name of names) {
    const content = readFileSync(join(folder, name));
    whole.update(`${name}\0${content.length}\0`).update(content);
  }
  return whole.digest("hex");
}
