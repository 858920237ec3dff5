import { z } from "zod";
import { issueLines, knownKeys } from "../text/issues";

/**
 * Evidence about content: a fact that a check relies on, in a committed file, bound to the hash of what was looked at.
 * Who gave it is never in the file, where anybody could write any name: it is the git author of the commit that adds it.
 */

/**
 * `review`: a person read a revision. `proof`: a program ran a revision up and down. `approval`: a person agrees to an
 * irreversible change. The notice to guardians is no file but a parameter, written once they have it.
 */
export const evidenceKinds = ["review", "proof", "approval"] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** Kinds of evidence that nobody can give about his own work. */
const independentKinds: ReadonlySet<EvidenceKind> = new Set(["review", "approval"]);

const subject = z
  .string()
  .regex(
    /^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/,
    "must be 1 to 64 of letters, digits, . _ - and begin with a letter or digit",
  );

/** `evidence/<kind>/<subject>.json`. Unknown keys are refused, so that nobody takes an `author` in it for one. */
export const evidenceSchema = z.strictObject({
  kind: z.enum(evidenceKinds),
  /** What it is about: a revision, a version. The file's name is `<subject>.json`. */
  subject,
  /** SHA-256 of the content that was looked at, 64 hex digits. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256, 64 hex digits"),
  /** When it was given, ISO 8601 with an offset. */
  at: z.iso.datetime({ offset: true }),
  /** What the kind has to say; its own reader checks it. */
  details: z.record(z.string(), z.unknown()),
});
export type Evidence = z.infer<typeof evidenceSchema>;

/** Path of a piece of evidence below the project's root. */
export const evidencePath = (kind: EvidenceKind, subject: string): string =>
  `evidence/${kind}/${subject}.json`;

/** Names and addresses under which git knows an author: as committed, and as .mailmap has it. */
export interface Author {
  names: readonly string[];
  emails: readonly string[];
}

/** Who gave a piece of evidence: author and signature of the commit that adds the file or changed it last. */
export interface Giver extends Author {
  /** Commit id. */
  commit: string;
  /** git's `%G?`: G good, N none, B bad, E cannot be checked, U and others: not trusted. */
  signature: string;
  /** Whose key signed, as the allowed signers name it: an address. "" without a signature. */
  signer: string;
}

/** A piece of evidence with its giver; or why there is none that counts, and what to do. */
export type Found = { ok: true; evidence: Evidence; giver: Giver } | Missing;
export interface Missing {
  ok: false;
  reasons: string[];
  /** What to do next. */
  next: string;
}

/** Reads one file's parsed JSON; its kind and subject must be those of its path. All issues at once. */
export function readEvidence(
  kind: EvidenceKind,
  subject: string,
  value: unknown,
): { ok: true; evidence: Evidence } | { ok: false; reasons: string[] } {
  const file = evidencePath(kind, subject);
  const parsed = evidenceSchema.safeParse(value, { error: knownKeys });
  if (!parsed.success) return { ok: false, reasons: issueLines(file, parsed.error, value) };
  const { data } = parsed;
  const reasons: string[] = [];
  if (data.kind !== kind)
    reasons.push(`${file}: \`kind\` is \`${data.kind}\`; allowed is its folder, \`${kind}\``);
  if (data.subject !== subject)
    reasons.push(`${file}: \`subject\` is \`${data.subject}\`; allowed is its name, \`${subject}\``);
  return reasons.length > 0 ? { ok: false, reasons } : { ok: true, evidence: data };
}

interface EvidenceInput {
  found: Found;
  /** SHA-256 of the content as it is now. */
  content: string;
  /** Last author of the content; evidence of a kind that must come from somebody else is refused without it. */
  author?: Author | undefined;
  /** Whether the giver's commit must carry a good signature of its author. */
  requireSigned: boolean;
}

/** Whether a piece of evidence counts for the content as it is now: bound to it, from somebody who may say so, signed. */
export function judgeEvidence(input: EvidenceInput): { ok: true; by: string; evidence: Evidence } | Missing {
  const { found, content, author, requireSigned } = input;
  if (!found.ok) return found;
  const { evidence, giver } = found;
  const { kind, subject } = evidence;
  const file = evidencePath(kind, subject);
  const by = giver.emails[0] ?? "";
  const reasons: string[] = [];
  const isOther = `${file} is about other content: it saw ${evidence.sha256.slice(0, 12)}…, now it is ${content.slice(0, 12)}…`;
  if (evidence.sha256 !== content) reasons.push(isOther);
  const noAuthor = `the last author of ${subject} is not known, so it is not known whether ${file} is from somebody else`;
  const isOwn = `${file} is by ${by}, the last author of ${subject}; one's own ${kind} does not count`;
  if (independentKinds.has(kind))
    if (!author) reasons.push(noAuthor);
    else if (isSamePerson(author, giver)) reasons.push(isOwn);
  if (requireSigned) reasons.push(...signatureFaults(file, giver));
  return reasons.length === 0
    ? { ok: true, by, evidence }
    : { ok: false, reasons, next: nextFor(kind, subject) };
}

/**
 * Whether two authors are one person as far as git can tell: any address or name in common, in any case, and without the
 * `+tag` of an address. Too strict rather than too lax: two people of one name are asked to spell one of them differently.
 */
export function isSamePerson(one: Author, other: Author): boolean {
  const share = (ours: readonly string[], theirs: readonly string[], plain: (text: string) => string) => {
    const known = new Set(ours.map(plain).filter((text) => text !== ""));
    return theirs.some((text) => known.has(plain(text)));
  };
  return share(one.emails, other.emails, plainEmail) || share(one.names, other.names, plainName);
}

const plainEmail = (email: string): string =>
  email
    .trim()
    .toLowerCase()
    .replace(/\+[^@]*@/, "@");
const plainName = (name: string): string => name.normalize("NFKC").trim().replace(/\s+/g, " ").toLowerCase();

/** A signature by another person's key proves nothing about the author: `git commit --author` writes any name. */
function signatureFaults(file: string, giver: Giver): string[] {
  const commit = `the commit ${giver.commit.slice(0, 12)} that adds ${file}`;
  if (giver.signature === "N") return [`${commit} is not signed`];
  const notGood = `the signature of ${commit} is not good (git says ${giver.signature}): its key is not among the allowed signers, or it was changed`;
  if (giver.signature !== "G") return [notGood];
  const signer = plainEmail(/<([^<>]+)>/.exec(giver.signer)?.[1] ?? giver.signer);
  if (giver.emails.map(plainEmail).includes(signer)) return [];
  return [`${commit} is signed by ${giver.signer}, but its author is ${giver.emails[0] ?? ""}`];
}

/** What to do where a piece of evidence does not count. */
export function nextFor(kind: EvidenceKind, subject: string): string {
  if (kind === "review")
    return `Let somebody else than its author run \`make review REVISION=${subject}\`, commit and sign the file.`;
  if (kind === "proof") return `Run \`make prove-migrations REVISION=${subject}\`, commit and sign the file.`;
  return `Let the one who may say so give ${evidencePath(kind, subject)} anew, commit and sign it.`;
}
