import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildVariant } from "../../../rehearsal/harness/machine/images";

const root = mkdtempSync(join(tmpdir(), "deployment-safety-images-"));
afterAll(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

describe("an image", () => {
  write("releases/1.0.0.json", JSON.stringify({ version: "1.0.0", image: "", revision: "a", commit: "" }));
  write("rehearsal/school/releases/1.0.0/release.json", JSON.stringify({ revision: "a" }));
  write("migrations/alembic.ini", "[alembic]\n");
  write("reporting/env.py", "");
  write("migrations/revisions/a_first.py", 'revision = "a"\ndown_revision = None\n');
  write("migrations/revisions/b_one.py", "revision: str = 'b'\ndown_revision: str | None = 'a'\n");
  write("migrations/revisions/c_other.py", 'revision = "c"\ndown_revision = "a"\n');
  write("migrations/revisions/d_apart.py", 'revision = "d"\ndown_revision = "a"\ndepends_on = "c"\n');
  write("migrations/revisions/m_merge.py", 'revision = "m"\ndown_revision = ("b", "d")\n');
  write("migrations/revisions/n_later.py", 'revision = "n"\ndown_revision = "m"\n');

  it.each([
    ["m", ["a_first.py", "b_one.py", "c_other.py", "d_apart.py", "m_merge.py"]],
    ["b", ["a_first.py", "b_one.py"]],
    ["d", ["a_first.py", "c_other.py", "d_apart.py"]],
  ])("at revision %s has the revisions that it builds on, and no others", (revision, files) => {
    const images = join(root, `images-${revision}`);
    buildVariant(root, images, "1.0.0", "1.0.1", revision);
    const [image = ""] = readdirSync(images);
    expect(readdirSync(join(images, image, "migrations/revisions")).sort()).toEqual(files);
  });

  it("at a revision without a file is not built", () =>
    expect(() => buildVariant(root, join(root, "none"), "1.0.0", "1.0.1", "z")).toThrow(
      "An image at revision z cannot be built: revision z has no file in migrations/revisions",
    ));
});
