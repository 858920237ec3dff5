import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RevisionParents } from "../../decisions/database/revisionTree";

/** Folder of Alembic's revision files, below the project's root. */
const folder = join("migrations", "revisions");

/**
 * What each revision file says that it builds on. A file without a revision is none of Alembic's. Without the folder
 * nothing is known, and then a flag that needs a revision is on only at just that one.
 */
export function readRevisionParents(root: string): RevisionParents {
  const path = join(root, folder);
  if (!existsSync(path)) return new Map();
  const files = readdirSync(path).filter((name) => name.endsWith(".py"));
  return new Map(
    files.flatMap((name) => {
      const text = readFileSync(join(path, name), "utf8");
      const [revision] = assigned(text, "revision");
      return revision === undefined ? [] : [[revision, assigned(text, "down_revision")] as const];
    }),
  );
}

/** The strings that a module assigns to `name`: one, several in a tuple, or none. A type annotation may come between. */
function assigned(text: string, name: string): string[] {
  const pattern = new RegExp(`^${name}(?:\\s*:[^=\\n]+)?\\s*=\\s*(\\([^)]*\\)|\\[[^\\]]*\\]|[^\\n#]+)`, "m");
  const value = pattern.exec(text)?.[1] ?? "";
  return [...value.matchAll(/["']([^"']+)["']/g)].flatMap(([, found]) => found ?? []);
}
