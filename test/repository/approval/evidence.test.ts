import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import {
  evidenceSettings,
  findEvidence,
  judgeFile,
  lastAuthor,
  sha256Of,
} from "../../../repository/approval/evidence";

let place: string;
let root: string;
let count = 0;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "evidence-"));
  for (const name of ["ada", "bo", "eve"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(place, name)]);
});
afterAll(() => rmSync(place, { recursive: true }));
beforeEach(() => {
  root = join(place, `clone-${count++}`);
  mkdirSync(root);
  git("init", "--quiet", "--initial-branch=main");
});

const git = (...words: string[]) => execFileSync("git", ["-C", root, ...words], { encoding: "utf8" });
const write = (file: string, text: string) => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
};
/** A commit of everything by `name`, signed by the key of `key`. */
const commit = (name: string, key?: string) => {
  git("add", "--all");
  const identity = ["-c", `user.name=${name}`, "-c", `user.email=${name}@example.com`];
  const signing = key ? ["-c", "gpg.format=ssh", "-c", `user.signingKey=${join(place, key)}`] : [];
  git(...identity, ...signing, "commit", "--quiet", ...(key ? ["-S"] : []), "-m", "work");
};
const revision = "migrations/revisions/9c1b0d2f_x.py";
const file = "evidence/review/9c1b0d2f.json";
const review = (sha256 = sha256Of(root, revision)) =>
  write(
    file,
    JSON.stringify({ kind: "review", subject: "9c1b0d2f", sha256, at: "2026-11-24T10:00:00Z", details: {} }),
  );
const allow = (...names: string[]) =>
  write(
    "evidence/allowed_signers",
    names.map((name) => `${name}@example.com ${readFileSync(join(place, `${name}.pub`), "utf8")}`).join(""),
  );
const judge = (requireSigned = false) => judgeFile(root, "review", "9c1b0d2f", revision, { requireSigned });
const written = () => {
  write(revision, "upgrade");
  allow("ada", "bo");
  commit("ada", "ada");
};

it("a review by somebody else counts, signed or not as config says", () => {
  written();
  review();
  commit("bo");
  expect(judge()).toMatchObject({ ok: true, by: "bo@example.com" });
  expect(judge(true)).toMatchObject({ ok: false, reasons: [expect.stringMatching(/is not signed/)] });
  appendFileSync(join(root, file), "\n");
  commit("bo", "bo");
  expect(judge(true)).toMatchObject({ ok: true, by: "bo@example.com" });
});

it("an own review does not count, nor one that the author changed afterwards", () => {
  written();
  review();
  commit("ada", "ada");
  expect(judge()).toMatchObject({
    ok: false,
    reasons: [expect.stringMatching(/one's own review does not count/)],
  });
  appendFileSync(join(root, file), "\n");
  commit("bo", "bo");
  expect(judge()).toMatchObject({ ok: true });
  appendFileSync(join(root, file), "\n");
  commit("ada", "ada");
  expect(judge()).toMatchObject({ ok: false });
});

it("a name that somebody writes into the commit is found out by the signature", () => {
  written();
  review();
  commit("bo", "ada");
  expect(judge()).toMatchObject({ ok: true });
  expect(judge(true)).toMatchObject({
    ok: false,
    reasons: [expect.stringMatching(/signed by ada@example.com, but its author is bo@example.com/)],
  });
});

it("the key of nobody that is allowed does not count", () => {
  written();
  review();
  commit("eve", "eve");
  expect(judge(true)).toMatchObject({ ok: false, reasons: [expect.stringMatching(/is not good/)] });
});

it("a .mailmap does not make two people of one", () => {
  written();
  write(".mailmap", "Bo <bo@example.com> <ada@example.com>\n");
  review();
  commit("bo", "bo");
  expect(judge()).toMatchObject({ ok: false, reasons: [expect.stringMatching(/one's own/)] });
});

it("a review of a revision that was edited afterwards does not count", () => {
  written();
  review();
  commit("bo", "bo");
  appendFileSync(join(root, revision), " more");
  commit("ada", "ada");
  expect(judge()).toMatchObject({ ok: false, reasons: [expect.stringMatching(/is about other content/)] });
});

it("evidence that is not there, not JSON, or not committed says what to do", () => {
  written();
  expect(findEvidence(root, "review", "9c1b0d2f")).toMatchObject({
    ok: false,
    reasons: [`there is no ${file}`],
    next: expect.stringContaining("make review REVISION=9c1b0d2f") as string,
  });
  write(file, "{");
  expect(findEvidence(root, "review", "9c1b0d2f").ok).toBe(false);
  review();
  const uncommitted = { ok: false, reasons: [expect.stringMatching(/not committed as it is/)] };
  expect(judge()).toMatchObject(uncommitted);
  commit("bo");
  expect(judge()).toMatchObject({ ok: true });
  appendFileSync(join(root, file), "\n");
  expect(judge()).toMatchObject(uncommitted);
  // What git is told to ignore is not committed either.
  git("checkout", "--quiet", "--", ".");
  git("rm", "--quiet", "--cached", file);
  write(".gitignore", "evidence/review\n");
  expect(judge()).toMatchObject(uncommitted);
});

it("the author of a revision that is edited and not committed is not known", () => {
  written();
  expect(lastAuthor(root, revision)).toMatchObject({ emails: ["ada@example.com"] });
  appendFileSync(join(root, revision), " more");
  expect(lastAuthor(root, revision)).toBeUndefined();
});

it("a shallow clone, a folder without git and a machine without git are faults with what to do next", () => {
  written();
  review();
  commit("bo");
  write("later", "");
  commit("ada");
  const full = root;
  root = `${full}-shallow`;
  execFileSync("git", ["clone", "--quiet", "--depth", "1", `file://${full}`, root]);
  expect(judge()).toMatchObject({
    ok: false,
    reasons: [expect.stringMatching(/shallow clone/)],
    next: expect.stringMatching(/git fetch --unshallow/) as string,
  });
  rmSync(join(root, ".git"), { recursive: true });
  expect(judge()).toMatchObject({ ok: false, next: expect.stringMatching(/full clone/) as string });
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    expect(judge()).toMatchObject({ ok: false, reasons: [expect.stringMatching(/git is not on PATH/)] });
  } finally {
    process.env.PATH = path;
  }
});

it("signatures are asked for by default where releases come from an earlier stage", () => {
  const evidence = { allowedSigners: "evidence/allowed_signers" };
  expect(evidenceSettings({ evidence, promotedFrom: "staging" }).requireSigned).toBe(true);
  expect(evidenceSettings({ evidence }).requireSigned).toBe(false);
  expect(evidenceSettings({ evidence: { ...evidence, requireSigned: true } }).requireSigned).toBe(true);
});
