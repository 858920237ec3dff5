import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../decisions/stack/config";
import { evidencePath, judgeEvidence, nextFor, readEvidence } from "../../decisions/approval/evidence";
import type { Author, EvidenceKind, Found } from "../../decisions/approval/evidence";
import { GitFault, isUncommitted, lastChange, refuseShallow } from "../stack/git";
import { jsonOf } from "../stack/files";

/** Default of `evidence.allowedSigners`, below the project's root. */
const defaultSigners = "evidence/allowed_signers";

/** How evidence is checked. */
export interface EvidenceSettings {
  /** Whether a commit that gives evidence must be signed by its author. */
  requireSigned: boolean;
  /** Path of the allowed signers below the project's root. Default `evidence/allowed_signers`. */
  allowedSigners?: string;
}

/** {@link EvidenceSettings} of a stack: signed by default where releases come from an earlier stage, as in prod. */
export const evidenceSettings = ({
  evidence,
  promotedFrom,
}: Pick<Settings, "evidence" | "promotedFrom">): EvidenceSettings => ({
  requireSigned: evidence.requireSigned ?? promotedFrom !== undefined,
  allowedSigners: evidence.allowedSigners,
});

/** SHA-256 of a file below `root`, 64 hex digits. */
export const sha256Of = (root: string, file: string): string =>
  hash("sha256", readFileSync(join(root, file)));

/**
 * Reads `evidence/<kind>/<subject>.json` with its giver. Whatever keeps it from counting (absent, unreadable, not
 * committed, a shallow clone, no git) is a reason with what to do next, never an exception.
 */
export function findEvidence(
  root: string,
  kind: EvidenceKind,
  subject: string,
  settings: EvidenceSettings = { requireSigned: false },
): Found {
  const file = evidencePath(kind, subject);
  const next = nextFor(kind, subject);
  if (!existsSync(join(root, file))) return { ok: false, reasons: [`there is no ${file}`], next };
  const read = readEvidence(kind, subject, jsonOf(join(root, file)));
  if (!read.ok) return { ok: false, reasons: read.reasons, next };
  try {
    refuseShallow(root);
    if (isUncommitted(root, file))
      return {
        ok: false,
        reasons: [`${file} is not committed as it is, so nobody has given it yet`],
        next: `Commit it: git add ${file} && git commit -S.`,
      };
    const giver = lastChange(root, file, join(root, settings.allowedSigners ?? defaultSigners));
    if (!giver) return { ok: false, reasons: [`${file} is in no commit`], next };
    return { ok: true, evidence: read.evidence, giver };
  } catch (error) {
    if (!(error instanceof GitFault)) throw error;
    return { ok: false, reasons: [error.message], next: error.next };
  }
}

/** The last author of a committed file; undefined where it is not committed as it is, or git cannot tell. */
export function lastAuthor(root: string, file: string): Author | undefined {
  try {
    refuseShallow(root);
    return isUncommitted(root, file) ? undefined : lastChange(root, file, join(root, defaultSigners));
  } catch (error) {
    if (error instanceof GitFault) return undefined;
    throw error;
  }
}

/** Whether the evidence of a kind about a file counts for the file as it is now; see {@link judgeEvidence}. */
export function judgeFile(
  root: string,
  kind: EvidenceKind,
  subject: string,
  file: string,
  settings: EvidenceSettings,
): ReturnType<typeof judgeEvidence> {
  const found = findEvidence(root, kind, subject, settings);
  if (!found.ok) return found;
  const { requireSigned } = settings;
  const [content, author] = [sha256Of(root, file), lastAuthor(root, file)];
  return judgeEvidence({ found, content, author, requireSigned });
}
