import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { irreversibleBetween } from "../../../decisions/database/irreversibleRevisions";
import { hasRevision, lineage } from "../../../decisions/database/revisionGraph";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import { readJobRevisions } from "../../../repository/database/revisions";
import { readRevisionsBetween } from "../../../repository/database/revisionsBetween";
import { sample, settingsWith } from "../../decisions/samples";
import { emptyRelease } from "../../../decisions/release/nextRelease";

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

const { image } = sample(1);
const facts = 'kind = "contract"\nreversible = False\n';

/** a, then b and c beside each other, then m, which merges them. */
const merged = {
  "a_first.py": `revision = "a"\ndown_revision = None\n${facts}`,
  "b_one.py": `revision: str = 'b'\ndown_revision: Union[str, None] = 'a'  # the first\n${facts}`,
  "c_other.py": `revision = "c"\ndown_revision = "a"\n${facts}`,
  "m_merge.py": `revision = "m"\ndown_revision: str | Sequence[str] | None = (\n    "b",\n    "c",\n)\n${facts}`,
};

describe("a project's revisions", () => {
  it("are read from the files that Alembic takes", () => {
    const root = project({ ...merged, "__init__.py": "", ".#a_first.py": "", "note.txt": 'revision = "x"' });
    const { files, graph } = readRevisionFiles(root);
    expect([...files].map(([id, { file }]) => [id, file])).toEqual([
      ["a", "migrations/revisions/a_first.py"],
      ["b", "migrations/revisions/b_one.py"],
      ["c", "migrations/revisions/c_other.py"],
      ["m", "migrations/revisions/m_merge.py"],
    ]);
    expect(graph.issues).toEqual([]);
  });

  it("are none without the folder", () => expect(readRevisionFiles(tmpdir()).files.size).toBe(0));

  it("that cannot be read are named where they are needed", () => {
    const { graph } = readRevisionFiles(
      project({ ...merged, "b_one.py": 'revision = "b"\ndown_revision = f()' }),
    );
    expect(lineage(graph, "c")).toEqual({ ok: true, revisions: ["a", "c"] });
    expect(lineage(graph, "m")).toEqual({
      ok: false,
      reasons: [
        "revision b, on which m builds, has no file in migrations/revisions",
        "migrations/revisions/b_one.py cannot be read: `down_revision` is `f ( )`; allowed is None, a string, or a tuple or list of strings, written out",
      ],
    });
  });

  it("of which two files say that they are the same one are neither", () => {
    const { files, graph } = readRevisionFiles(project({ ...merged, "b_two.py": merged["b_one.py"] }));
    expect([...files.keys()]).toEqual(["a", "c", "m"]);
    expect(graph.issues).toEqual([
      "both migrations/revisions/b_one.py and migrations/revisions/b_two.py are revision b",
    ]);
  });

  it("of the example are in order", () => {
    const { graph } = readRevisionFiles(resolve(__dirname, "../../.."));
    expect(hasRevision(graph, "9c1b0d2f", "3f2a77aa")).toBe(true);
    expect(hasRevision(graph, "3f2a77aa", "9c1b0d2f")).toBe(false);
  });
});

describe("a merge means the same to everybody who asks", () => {
  it("to a flag's condition: the database has both branches", () => {
    const { graph } = readRevisionFiles(project(merged));
    expect(["a", "b", "c"].map((id) => hasRevision(graph, "m", id))).toEqual([true, true, true]);
  });

  it("to the Job: it is told every revision of both branches", () => {
    const told = readJobRevisions(project(merged), { revision: "m", image });
    expect(told.replace(/:[0-9a-f]{64}/g, "")).toBe("a,b,c,m");
  });

  it("to the approval of what cannot be undone: the other branch runs too", () => {
    const { graph, files } = readRevisionFiles(project(merged));
    const found = irreversibleBetween("b", "m", graph, files);
    expect(found.ok && found.revisions.map(({ revision }) => revision)).toEqual(["c", "m"]);
  });

  it("to a rollback: the other branch stays, and another branch is no way down", () => {
    const root = project(merged);
    const settings = settingsWith(emptyRelease());
    expect(readRevisionsBetween(root, settings, "b", "m")).toMatchObject({ ok: true, left: ["c"] });
    expect(readRevisionsBetween(root, settings, "a", "m")).toMatchObject({ ok: true, left: [] });
    expect(readRevisionsBetween(root, settings, "b", "c")).toEqual({
      ok: false,
      reasons: ["revisions b and c are on different branches: neither builds on the other"],
    });
  });
});
