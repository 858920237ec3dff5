import { z } from "zod";
import type { Evidence, Missing } from "../approval/evidence";
import { issueLines, knownKeys } from "../text/issues";
import { releaseFields } from "../release/release";

/** What `make prove-migrations` found out about a revision. */

const hash = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256, 64 hex digits");

const facts = z.strictObject({
  /** expand adds; backfill prepares or awaits one; enforce restricts what a backfill has filled; contract takes away. */
  kind: z.enum(["expand", "backfill", "enforce", "contract", "data"]),
  /** Whether a downgrade loses nothing that somebody wrote. */
  reversible: z.boolean(),
  /** What people notice, or "none". */
  impact: z.string().min(1),
  /** Flag that switches the code or guards the backfill. */
  flag: z.string().nullable(),
});

const release = z.object({ revision: releaseFields.revision, version: releaseFields.version });

const details = z.object({
  facts,
  /** The revision before it; null for the first, several for a merge. */
  parent: releaseFields.revision.or(z.array(releaseFields.revision)).nullable(),
  /** Major version of the PostgreSQL on which it was proved; a fingerprint of another one may differ. */
  postgres: z.int(),
  /** SHA-256 of the catalog at the revision. */
  fingerprint: hash,
  /** What the revision makes of the catalog before it: object -> definition, null where it is gone. */
  catalog: z.record(z.string(), z.string().nullable()),
  downgrade: z.object({
    /** The schema after the downgrade is the one before the upgrade. */
    restores: z.literal(true),
    /** What was normalised for that. */
    normalised: z.array(z.string()),
  }),
  /** Earlier releases whose own code passed smoke on the revision; each stands for those that need its revision. */
  worksWith: z.array(release),
  /** Earlier releases that did not. */
  breaks: z.array(release),
  /** SHA-256 of the seed scripts, which ran twice on the revision. */
  seeds: hash,
});
type ProofDetails = z.infer<typeof details>;

/** A proof's details, or what is wrong with them. */
export function readProof(
  evidence: Evidence,
): { ok: true; details: ProofDetails } | { ok: false; reasons: string[] } {
  const parsed = details.safeParse(evidence.details, { error: knownKeys });
  if (parsed.success) return { ok: true, details: parsed.data };
  const file = `evidence/proof/${evidence.subject}.json`;
  return { ok: false, reasons: issueLines(file, parsed.error, evidence.details, "details.") };
}

/** What a revision has to show before it may be applied. */
export interface ProvedRevision {
  id: string;
  /** The proof's details where it counts for the file as it is; else why it does not. */
  proof: { ok: true; details: ProofDetails } | Missing;
  /** Who reviewed it, where that counts; else why it does not. */
  review: { ok: true; by: string } | Missing;
}
