import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evidencePath } from "../../../decisions/approval/evidence";
import { fileOf, notes } from "./importedRevisions";
import type { Context } from "../context";
import { commitWorkingCopy, reviewRevisions } from "./signers";

/** What a revision can lack before a release: each thing in turn, where all else is in place. */

const [revision = ""] = notes.revisions;
const review = evidencePath("review", revision);
const proof = evidencePath("proof", revision);
const seeds = "migrations/seeds/__main__.py";

/** Takes something away; `context.copy` is committed by whoever did it. */
type Spoil = (context: Context) => Promise<void> | void;

/** The author's name is under what he may not give himself. */
function reviewOneself({ copy }: Context): void {
  const given = JSON.parse(readFileSync(join(copy, review), "utf8")) as object;
  writeFileSync(join(copy, review), JSON.stringify({ ...given, at: new Date().toISOString() }));
}

/** The second person has read a draft; what is there now is something else. */
function reviewDraft(context: Context): void {
  const { copy } = context;
  const file = join(copy, fileOf(context, revision));
  const text = readFileSync(file, "utf8");
  appendFileSync(file, "# a draft\n");
  commitWorkingCopy(copy, "A draft");
  reviewRevisions(copy);
  writeFileSync(file, text);
}

/** Somebody gave the seed scripts a table that no revision makes, and did not run them. */
async function breakSeeds(context: Context): Promise<void> {
  const file = join(context.copy, seeds);
  const text = readFileSync(file, "utf8");
  const line = "    with connection.transaction(), connection.cursor() as cursor:\n";
  assert.ok(text.includes(line), `${seeds} must have its transaction`);
  writeFileSync(
    file,
    text.replace(line, `${line}        cursor.execute("INSERT INTO terms (name) VALUES ('spring')")\n`),
  );
  const { exitCode, stderr } = await context.make("prove-migrations", {
    REVISION: notes.revisions.at(-1) ?? "",
  });
  assert.notEqual(exitCode, 0, "no proof may come of seeds that fail");
  assert.match(stderr, /terms/, "and it must be said why");
}

/** Each with the check that must fail, and that one only. */
export const missingEvidence: readonly (readonly [name: string, check: string, spoil: Spoil])[] = [
  ["no review", "revisions-reviewed", ({ copy }) => rmSync(join(copy, review))],
  ["one's own review", "revisions-reviewed", reviewOneself],
  ["a review of older content", "revisions-reviewed", reviewDraft],
  ["seeds that fail at head", "seeds-current", breakSeeds],
  ["a downgrade that is not proved", "downgrades-proved", ({ copy }) => rmSync(join(copy, proof))],
];

const applied = "9c1b0d2f";
const appliedProof = evidencePath("proof", applied);

/** Each way in which the downgrade of the revision that 1.2.0 needs is not proved. */
export const unprovenWays: readonly (readonly [name: string, spoil: Spoil])[] = [
  ["no proof", ({ copy }) => rmSync(join(copy, appliedProof))],
  [
    "edited after its proof",
    (context) => appendFileSync(join(context.copy, fileOf(context, applied)), "# a word more\n"),
  ],
];

/** Takes one thing away, lets `see` look, and puts everything back as it was. */
export async function without(context: Context, spoil: Spoil, see: () => Promise<void>): Promise<void> {
  const { copy } = context;
  const files = [proof, appliedProof, seeds, fileOf(context, applied)].map((path) => join(copy, path));
  const kept = files.filter((path) => existsSync(path)).map((path) => [path, readFileSync(path)] as const);
  await spoil(context);
  commitWorkingCopy(copy, "Something is missing");
  try {
    await see();
  } finally {
    for (const [path, content] of kept) writeFileSync(path, content);
    commitWorkingCopy(copy, "All is in place again");
    reviewRevisions(copy);
  }
}

/** Nobody has agreed to what the downgrade of a revision loses. */
export function withoutApproval({ copy }: Context, subject: string): void {
  rmSync(join(copy, evidencePath("approval", subject)), { force: true });
  commitWorkingCopy(copy, "Not approved");
}
