import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LiveSchema } from "../../../decisions/database/catalog";
import { readProvedCatalog } from "../../../repository/database/provedCatalog";
import { record } from "../../decisions/samples";
import type { MemoryStack } from "./stack";

/**
 * The stack's database, as far as a schema is read from it: its schema is the one that was proved for the revision of the
 * migration that ran last. A file of tests that needs it replaces two ports:
 *
 *     vi.mock("…/cli/ports/database", async (original) => ({ ...(await original<object>()), ...databasePort }));
 *     vi.mock("…/cli/ports/postgres/schema", () => schemaPort);
 */
export const database = {
  /** Why nobody can connect. */
  away: undefined as Error | undefined,
  /** What was changed by hand: object to definition; undefined: it is gone. */
  drift: new Map<string, string | undefined>(),
  connections: 0,
  stack: undefined as MemoryStack | undefined,
};

/** Makes `database` the one of `stack`, whole and reachable. */
export function useDatabaseOf(stack: MemoryStack): void {
  Object.assign(database, { away: undefined, drift: new Map(), connections: 0, stack });
  stack.cloud.secrets.set("school-database/DATABASE_URL", "postgresql://school@db.example.com/school");
}

/** In place of `cli/ports/database`. */
export const databasePort = {
  connect: async () => {
    if (database.away) throw database.away;
    database.connections += 1;
    return { end: async () => void (database.connections -= 1) };
  },
  disconnect: (client: { end(): Promise<void> }) => client.end(),
};

/** In place of `cli/ports/postgres/schema`. */
export const schemaPort = {
  readSchema: async (_: unknown, root: string): Promise<LiveSchema> => {
    const stack = database.stack;
    const at = stack?.cloud.running?.migration?.revision;
    if (!stack || at === undefined) return { revisions: [], catalog: new Map(), postgres: 15 };
    const { proved } = readProvedCatalog(root, stack.context().settings, at);
    if (!proved.ok) throw new Error(`nothing is proved for ${at}: ${proved.reasons.join("; ")}`);
    const catalog = new Map<string, string>(proved.catalog);
    for (const [object, definition] of database.drift)
      if (definition === undefined) catalog.delete(object);
      else catalog.set(object, definition);
    return { revisions: [at], catalog, postgres: 15 };
  },
};

const commit = (root: string, author: string, message: string) => {
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", `user.name=${author}`, "-c", `user.email=${author}@example.com`, ...words], {
      cwd: root,
      stdio: "pipe",
    });
  git("add", "--all");
  git("-c", "commit.gpgsign=false", "commit", "--quiet", "--message", message);
};

/** The record of version `1.<n>.0`, which needs `revision`, instead of the one that the project has. */
export function writeRecord(stack: MemoryStack, n: number, revision: string): void {
  writeFileSync(join(stack.root, `releases/1.${n}.0.json`), JSON.stringify(record(n, revision)));
}

/** Commits a review of each revision by somebody who did not write it. */
export function review(stack: MemoryStack, ...revisions: string[]): void {
  const folder = join(stack.root, "migrations/revisions");
  mkdirSync(join(stack.root, "evidence/review"), { recursive: true });
  for (const subject of revisions) {
    const file = readdirSync(folder).find((name) => name.startsWith(`${subject}_`)) ?? "";
    const sha256 = hash("sha256", readFileSync(join(folder, file)));
    const at = "2026-11-20T10:00:00Z";
    writeFileSync(
      join(stack.root, `evidence/review/${subject}.json`),
      JSON.stringify({ kind: "review", subject, sha256, at, details: {} }),
    );
  }
  commit(stack.root, "cy", "reviews");
}
