import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { lineage } from "../../../decisions/database/revisionGraph";
import type { ReleaseRecord } from "../../../decisions/release/releaseRecord";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";

/** Builds the example's releases as "images": folders named by the hash of what is in them. */

/** `rehearsal/school/releases/<version>/release.json`: the release whose files these are laid over, and the revision it needs. */
interface Recipe {
  builtOn?: string;
  revision: string;
}

/** Path within an image -> content. */
type Files = Map<string, string>;

/**
 * Builds every release of the school: writes `<images>/<hex>/` and `releases/<version>.json`, and gives the records.
 * The same sources give the same digests; an image that is there already is left alone.
 * @param project folder of the project that is built
 * @param images folder of the images
 * @param records folder of the records, by default the project's `releases`
 */
export function buildImages(
  project: string,
  images: string,
  records = join(project, "releases"),
): ReleaseRecord[] {
  const commit = execFileSync("git", ["-C", project, "rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  mkdirSync(records, { recursive: true });
  return readdirSync(join(project, "rehearsal/school/releases")).map((version) => {
    const { revision } = recipe(project, version);
    const image = `example.com/school@sha256:${write(images, contents(project, version, revision))}`;
    const record = { version, image, revision, commit };
    writeFileSync(join(records, `${version}.json`), `${JSON.stringify(record, null, 2)}\n`);
    return record;
  });
}

/** Builds `name`, a release that does just what `version` does, with another digest and, where it is given, another revision. */
export function buildVariant(
  project: string,
  images: string,
  version: string,
  name: string,
  revision?: string,
): void {
  const file = join(project, "releases", `${version}.json`);
  const record = JSON.parse(readFileSync(file, "utf8")) as ReleaseRecord;
  const needed = revision ?? record.revision;
  const files = contents(project, version, needed).set("school/build.txt", name);
  const image = `example.com/school@sha256:${write(images, files)}`;
  const made = JSON.stringify({ ...record, version: name, image, revision: needed }, null, 2);
  writeFileSync(join(project, "releases", `${name}.json`), `${made}\n`);
}

const read = (...path: string[]): string => readFileSync(join(...path), "utf8");

const recipe = (project: string, version: string): Recipe =>
  JSON.parse(read(project, "rehearsal/school/releases", version, "release.json")) as Recipe;

/** The school's files of a version, the migrations that it knows, and the alembic.ini of an image. */
function contents(project: string, version: string, revision: string): Files {
  const files: Files = new Map();
  const add = (folder: string, into: string, skip: RegExp) => {
    for (const file of filesBelow(join(project, folder)))
      if (!skip.test(file)) files.set(join(into, file), read(project, folder, file));
  };
  add("rehearsal/school", "school", /^releases\//);
  const layers: string[] = [];
  for (let one: string | undefined = version; one; one = recipe(project, one).builtOn) layers.unshift(one);
  for (const layer of layers) add(`rehearsal/school/releases/${layer}`, "school", /^release\.json$/);
  add("migrations", "migrations", /^(revisions\/|check\/|alembic\.ini$|script\.py\.mako$)/);
  add("reporting", "reporting", /^$/);
  for (const file of filesUpTo(project, revision)) files.set(file, read(project, file));
  const ini = read(project, "migrations/alembic.ini");
  return files.set("alembic.ini", ini.replaceAll("%(here)s/..", "%(here)s"));
}

/** Files of a revision and of all that it builds on. */
function filesUpTo(project: string, revision: string): string[] {
  const { files, graph } = readRevisionFiles(project);
  const known = lineage(graph, revision);
  if (!known.ok)
    throw new Error(`An image at revision ${revision} cannot be built: ${known.reasons.join("; ")}`);
  return known.revisions.flatMap((id) => files.get(id)?.file ?? []);
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

/** Writes an image beside its place and renames it, so that no pod ever starts from half of one. Returns its hash. */
function write(images: string, files: Files): string {
  const hash = createHash("sha256");
  for (const [path, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${path}\0${content.length}\0`).update(content);
  const name = hash.digest("hex");
  if (existsSync(join(images, name))) return name;
  const beside = join(images, `.${name}.${process.pid}`);
  for (const [path, content] of files) {
    mkdirSync(dirname(join(beside, path)), { recursive: true });
    writeFileSync(join(beside, path), content);
  }
  renameSync(beside, join(images, name));
  return name;
}
