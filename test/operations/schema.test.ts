import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Cluster, startCluster } from "../../bench/drill/cluster";
import type { Context } from "../../operations/context";
import type { Failure } from "../../operations/failure";
import { connect } from "../../operations/ports/database";
import { verifySchema } from "../../operations/schema";
import { served, settingsWith } from "../decisions/samples";
import { fakeContext } from "./fakes";

const revision = "3f2a77aa";
let root: string;
let cluster: Cluster;
let live: Client;

beforeAll(async () => {
  // Proofs are evidence only where they are committed.
  root = mkdtempSync(join(tmpdir(), "schema-"));
  for (const folder of ["migrations", "evidence/proof"])
    cpSync(folder, join(root, folder), { recursive: true });
  const git = (...words: string[]) => execFileSync("git", ["-C", root, ...words], { stdio: "pipe" });
  git("init", "--quiet");
  git("add", "--all");
  git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "work");
  cluster = await startCluster("schema");
  const { user = "", host = "", port = 0, database = "" } = cluster.live;
  vi.stubEnv("DATABASE_URL", `postgresql://${user}@${host}:${port}/${database}`);
  const alembic = ["-c", join(root, "migrations/alembic.ini"), "upgrade", revision];
  execFileSync("alembic", alembic, { cwd: root, env: { ...process.env, PYTHONPATH: root }, stdio: "pipe" });
  live = await connect(cluster.live, "the live database");
}, 90_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await live.end();
  await cluster.end();
  rmSync(root, { recursive: true });
});

/** What the comparison of the live database with its proof ends with; undefined where it finds nothing. */
function found(): Promise<Failure | undefined> {
  const cloud = { routing: { traffic: "paused" as const }, healthy: 0, answer: () => ({}), sets: [] };
  const evidence = { requireSigned: false, allowedSigners: "evidence/allowed_signers" };
  const settings = { ...settingsWith(served()), evidence };
  const ctx: Context = Object.assign(fakeContext(cloud), { root, settings });
  return verifySchema(ctx, revision).then(
    () => undefined,
    (error: unknown) => error as Failure,
  );
}

it("a database that was migrated is the one that was proved", async () => {
  expect(await found()).toBeUndefined();
});

it("what was changed by hand is refused, object by object, and taken once it is put back", async () => {
  await live.query("ALTER TABLE pupils ADD COLUMN nickname text");
  await live.query("DROP INDEX guardians_pupil");
  const failure = await found();
  expect(failure?.exitCode).toBe(4);
  expect(failure?.message.split("\n")).toEqual([
    "The database of stack prod is not what was proved for 3f2a77aa:",
    expect.stringMatching(/^ {2}- column public\.pupils\.nickname: expected is none, found is `text/),
    expect.stringMatching(
      /^ {2}- index public\.guardians_pupil: expected is `CREATE INDEX guardians_pupil ON .*`, found is none$/,
    ),
    expect.stringContaining(
      "Correct what differs, by hand or by a revision, then run the same command again",
    ),
  ]);
  await live.query("ALTER TABLE pupils DROP COLUMN nickname");
  await live.query("CREATE INDEX guardians_pupil ON guardians (pupil_id)");
  expect(await found()).toBeUndefined();
});

it("a database at another revision than was meant is refused before anything else", async () => {
  await live.query("BEGIN; UPDATE alembic_version SET version_num = '8c0d1b2e'; COMMIT");
  expect((await found())?.message).toContain("alembic_version: expected is 3f2a77aa, found is 8c0d1b2e");
});

it("a revision that was edited after its proof is named, with the command that proves it", async () => {
  await live.query("UPDATE alembic_version SET version_num = '3f2a77aa'");
  appendFileSync(join(root, "migrations/revisions/3f2a77aa_guardian_names.py"), "# more\n");
  const failure = await found();
  expect(failure?.message).toMatch(/3f2a77aa is not proved: .*is about other content/);
  expect(failure?.more.next).toContain("make prove-migrations");
});
