import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { passDowngrade } from "../../../cli/database/revisionGate";
import { served, settingsWith } from "../../decisions/samples";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gate-"));
  for (const folder of ["migrations/revisions", "migrations/seeds", "evidence/proof"])
    cpSync(folder, join(root, folder), { recursive: true });
  git("init", "--quiet");
  commit();
});
afterEach(() => rmSync(root, { recursive: true }));

const git = (...words: string[]) => execFileSync("git", ["-C", root, ...words], { encoding: "utf8" });
const commit = () => {
  git("add", "--all");
  git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "work");
};
const changeWindow = { schoolHours: { from: "07:00", to: "16:00" } };
const refusal = (from: string, to: string, more: Record<string, unknown> = { changeWindow }): string => {
  const unsigned = {
    ...settingsWith(served(), more),
    evidence: { requireSigned: false, allowedSigners: "evidence/allowed_signers" },
  };
  try {
    passDowngrade({ root, settings: unsigned, stack: "prod" }, from, to);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

it("a downgrade that is proved and loses nothing may run", () => {
  expect(refusal("3f2a77aa", "8c0d1b2e")).toBe("");
  expect(refusal("d2c94f60", "9c1b0d2f")).toBe("");
});

it("one that loses what was written since needs an approval, where there is anything to lose", () => {
  expect(refusal("9c1b0d2f", "3f2a77aa")).toMatch(
    /downgrade of 9c1b0d2f loses what was written.*nobody has approved/,
  );
  expect(refusal("9c1b0d2f", "3f2a77aa", {})).toBe("");
});

it("one whose revision was edited after its proof is not proved", () => {
  appendFileSync(join(root, "migrations/revisions/3f2a77aa_guardian_names.py"), "# more\n");
  commit();
  expect(refusal("3f2a77aa", "8c0d1b2e")).toMatch(
    /downgrade of 3f2a77aa is not proved: .*is about other content/,
  );
});

it("one without a proof is not proved, and one to an unknown or a later revision is no downgrade", () => {
  rmSync(join(root, "evidence/proof/3f2a77aa.json"));
  commit();
  expect(refusal("3f2a77aa", "8c0d1b2e")).toMatch(/not proved: there is no evidence\/proof\/3f2a77aa.json/);
  expect(refusal("3f2a77aa", "nonsense")).toMatch(
    /do not say which revisions lie between nonsense and 3f2a77aa/,
  );
  expect(refusal("3f2a77aa", "9c1b0d2f")).toMatch(/do not name a revision to take down from 3f2a77aa/);
});
