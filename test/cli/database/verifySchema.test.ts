import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Cluster, startCluster } from "../../../bench/drill/cluster";
import type { Step } from "../../../decisions/release/transitionFacts";
import { writeMessage } from "../../../decisions/stack/updateMessage";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import type { Context } from "../../../cli/shell/context";
import type { Failure } from "../../../cli/shell/failure";
import { connect } from "../../../cli/ports/database";
import { verifyBeforeRollback, verifySchema } from "../../../cli/database/verifySchema";
import { entry, sample, served, settingsWith } from "../../decisions/samples";
import { fakeContext } from "../fakes";

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

/** A context over the live database; what it was told is in its report. */
function place(): ReturnType<typeof fakeContext> {
  const cloud = { routing: { traffic: "paused" as const }, healthy: 0, answer: () => ({}), sets: [] };
  const evidence = { requireSigned: false, allowedSigners: "evidence/allowed_signers" };
  return Object.assign(fakeContext(cloud), { root, settings: { ...settingsWith(served()), evidence } });
}

const failureOf = (looking: Promise<void>): Promise<Failure | undefined> =>
  looking.then(
    () => undefined,
    (error: unknown) => error as Failure,
  );

/** What the comparison of the live database with its proof ends with; undefined where it finds nothing. */
const found = (ctx: Context = place()): Promise<Failure | undefined> =>
  failureOf(verifySchema(ctx, revision));

/** What a rollback ends with before its updates, after a deploy has migrated; and what it said. */
async function beforeWayBack(...steps: Step[]): Promise<{ failure: Failure | undefined; said: string }> {
  const ctx = place();
  const current = releaseAfter.migrate(served(), { revision, image: sample(1).image });
  const told = { operation: "deploy", id: "1", step: "migrate", actor: "ada" };
  const history = [entry(current, { message: writeMessage("deploy", told) })];
  const failure = await failureOf(
    verifyBeforeRollback(
      { ctx, current, history },
      steps.map((step) => ({ step })),
    ),
  );
  return { failure, said: ctx.output.said.join("\n") };
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
    "The database of stack prod differs from what was proved for 3f2a77aa:",
    expect.stringMatching(/^ {2}- column public\.pupils\.nickname: expected is none, found is `text/),
    expect.stringMatching(
      /^ {2}- index public\.guardians_pupil: expected is `CREATE INDEX guardians_pupil ON .*`, found is none$/,
    ),
    expect.stringContaining("Fix the differences, by hand or by a revision, then run the same command again"),
  ]);
  const kept = await beforeWayBack("rollback", "validate");
  expect(kept.failure, "a rollback that leaves the database alone goes on").toBeUndefined();
  expect(kept.said).toContain("column public.pupils.nickname: expected is none");
  expect(kept.said).toContain("index public.guardians_pupil: expected is");
  const moved = await beforeWayBack("rollback", "downgrade", "validate");
  expect(moved.failure?.message, "one that takes it down does not").toBe(failure?.message);
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
