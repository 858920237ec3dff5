import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { evidencePath } from "../../../decisions/approval/evidence";
import { sha256Of } from "../../../repository/approval/evidence";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import type { Context } from "../context";
import { git } from "../machine/workingCopy";

/** Two people who sign their commits: nobody may review their own work. */

const people = {
  author: { name: "Rehearsal", email: "rehearsal@example.com" },
  reviewer: { name: "Second Person", email: "second.person@example.com" },
} as const;

export type Person = keyof typeof people;

/** Their keys, beside the working copy: generated for each run and trusted nowhere else. */
const keyOf = (copy: string, person: Person): string => join(dirname(copy), "keys", person);

/** Generates a key for each and writes it to the copy's allowed signers, which prod's `evidence.requireSigned` needs. */
export function makeSigners(copy: string): void {
  const keys = dirname(keyOf(copy, "author"));
  rmSync(keys, { recursive: true, force: true });
  mkdirSync(keys, { recursive: true });
  const lines = (Object.keys(people) as Person[]).map((person) => {
    const file = keyOf(copy, person);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", person, "-f", file]);
    return `${people[person].email} ${readFileSync(`${file}.pub`, "utf8")}`;
  });
  mkdirSync(join(copy, "evidence"), { recursive: true });
  writeFileSync(join(copy, "evidence", "allowed_signers"), lines.join(""));
}

/** Commits everything in the copy as one of them, signed with that person's key. */
export function commitWorkingCopy(copy: string, message: string, person: Person = "author"): void {
  const { name, email } = people[person];
  const settings = {
    "user.name": name,
    "user.email": email,
    "gpg.format": "ssh",
    "user.signingKey": keyOf(copy, person),
  };
  git(copy, "add", "--all");
  git(
    copy,
    ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
    "commit",
    "--quiet",
    "--allow-empty",
    "-S",
    "-m",
    message,
  );
}

/** Proves a revision that a scenario imported, commits the proof and has it reviewed, as every release requires. */
export async function proveAndReview(context: Context, revision: string): Promise<void> {
  await context.expect(0, "prove-migrations", { REVISION: revision });
  commitWorkingCopy(context.copy, `Revision ${revision} proved`);
  reviewRevisions(context.copy);
}

/** The second person reviews every revision as it is now, in a separate commit: this stands in for a human reader. */
export function reviewRevisions(copy: string): void {
  for (const subject of readRevisionFiles(copy).files.keys()) writeEvidence(copy, "review", subject, {});
  commitWorkingCopy(copy, "Revisions reviewed", "reviewer");
}

/** The second person approves the data that a downgrade loses. */
export function approveLoss(copy: string, revision: string): void {
  writeEvidence(copy, "approval", revision, { reason: "what was written since may go" });
  commitWorkingCopy(copy, `Loss of ${revision} approved`, "reviewer");
}

function writeEvidence(copy: string, kind: "review" | "approval", subject: string, details: object): void {
  const path = join(copy, evidencePath(kind, subject));
  const file = readRevisionFiles(copy).files.get(subject)?.file ?? "";
  const evidence = { kind, subject, sha256: sha256Of(copy, file), at: new Date().toISOString(), details };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(evidence, null, 2)}\n`);
}

/** Later revisions and their releases, which do not exist yet while a scenario imports others after the same revision. */
const later = [
  "migrations/revisions/b7d05e11_guardian_names_required.py",
  "migrations/revisions/d2c94f60_guardian_full_name_gone.py",
  "rehearsal/school/releases/1.4.0",
  "rehearsal/school/releases/1.5.0",
];

/** Removes them: a schema has one head. */
export function removeLater(copy: string): void {
  git(copy, "rm", "-r", "--quiet", "--ignore-unmatch", ...later);
  commitWorkingCopy(copy, "Before the constraint and the contract");
}

/** Restores them as they were. */
export function restoreLater(copy: string): void {
  const last = git(copy, "log", "-1", "--diff-filter=D", "--format=%H", "--", later[0] ?? "").trim();
  if (last === "" || existsSync(join(copy, later[0] ?? ""))) return;
  git(copy, "checkout", "--quiet", `${last}^`, "--", ...later);
  commitWorkingCopy(copy, "The constraint and the contract");
}
