import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hasRevision } from "../../../decisions/database/revisionTree";
import { readRevisionParents } from "../../../repository/database/revisionParents";

const made: string[] = [];
afterEach(() => made.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function project(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "deployment-safety-revisions-"));
  made.push(root);
  mkdirSync(join(root, "migrations", "revisions"), { recursive: true });
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(root, "migrations", "revisions", name), text);
  return root;
}

describe("what the revision files say that they build on", () => {
  it("is read however Alembic's templates write it, merges too", () => {
    const root = project({
      "a.py": 'revision = "a"\ndown_revision = None\n',
      "b.py": "revision: str = 'b'\ndown_revision: Union[str, None] = 'a'  # the first\n",
      "c.py": 'revision = "c"\ndown_revision = "a"\n',
      "m.py": 'revision = "m"\ndown_revision: str | Sequence[str] | None = (\n    "b",\n    "c",\n)\n',
      "__init__.py": "",
      "note.txt": 'revision = "x"',
    });
    expect([...readRevisionParents(root)].sort()).toEqual([
      ["a", []],
      ["b", ["a"]],
      ["c", ["a"]],
      ["m", ["b", "c"]],
    ]);
  });
  it("is nothing without the folder", () => expect(readRevisionParents(tmpdir())).toEqual(new Map()));
  it("orders the example's revisions", () => {
    const parents = readRevisionParents(resolve(__dirname, "../../.."));
    expect(hasRevision(parents, "9c1b0d2f", "3f2a77aa")).toBe(true);
    expect(hasRevision(parents, "3f2a77aa", "9c1b0d2f")).toBe(false);
  });
});

describe("whether a database has a revision", () => {
  const parents = new Map([
    ["b", ["a"]],
    ["m", ["b", "c"]],
    ["x", ["x"]],
  ]);
  it.each([
    ["m", "a", true],
    ["m", "c", true],
    ["b", "m", false],
    ["a", "a", true],
    ["unknown", "unknown", true],
    ["unknown", "a", false],
    ["x", "a", false],
    [undefined, "a", false],
  ])("at %s, has %s: %s", (at, wanted, expected) => expect(hasRevision(parents, at, wanted)).toBe(expected));
});
