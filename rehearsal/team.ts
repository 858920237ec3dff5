import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { evidencePath } from "../decisions/evidence";
import { sha256Of } from "../records/evidence";
import { readRevisionFiles } from "../records/revisions";
import type { Context } from "./context";

/** The team that is rehearsed: two people, for nobody's review of his own work counts. Their commits are signed. */

const people = {
  author: { name: "Rehearsal", email: "rehearsal@example.com" },
  reviewer: { name: "Second Person", email: "second.person@example.com" },
} as const;

export type Person = keyof typeof people;

/** Their keys, beside the working copy: made on the spot, and worth nothing anywhere else. */
const keyOf = (copy: string, person: Person): string => join(dirname(copy), "keys", person);

const git = (folder: string, ...words: string[]): string =>
  execFileSync("git", ["-C", folder, ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio: ["ignore", "pipe", "pipe"],
  });

/** Makes a key for each and writes them into the copy's allowed signers, as prod's `evidence.requireSigned` wants them. */
export function makeTeam(copy: string): void {
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

/** Commits everything in the copy as one of the two, signed by that person's key. */
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

/** Proves a revision that a scenario brought, commits the proof, and has it reviewed: what every release must show. */
export async function proveAndReview(context: Context, revision: string): Promise<void> {
  await context.expect(0, "prove-migrations", { REVISION: revision });
  commitWorkingCopy(context.copy, `Revision ${revision} proved`);
  reviewRevisions(context.copy);
}

/** The second person reviews every revision as it is now, in a commit of his own: this stands in for somebody who reads. */
export function reviewRevisions(copy: string): void {
  for (const [subject, file] of readRevisionFiles(copy).files) {
    const path = join(copy, evidencePath("review", subject));
    const at = new Date().toISOString();
    const review = { kind: "review", subject, sha256: sha256Of(copy, file), at, details: {} };
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(review, null, 2)}\n`);
  }
  commitWorkingCopy(copy, "Revisions reviewed", "reviewer");
}
