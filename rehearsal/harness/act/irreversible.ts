import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { parameterRoot, parameters } from "../../../decisions/stack/names";
import { lineage } from "../../../decisions/database/revisionGraph";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { readReleases } from "../../../repository/release/releases";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import type { Context } from "../context";
import { places } from "../machine/environment";
import { buildVariant } from "../machine/images";
import { deployToStaging, recordOf } from "./releases";
import { commitWorkingCopy, proveAndReview } from "./signers";

/** The release that brings a change which cannot be undone, and its revision. */
export const irreversible = { version: "1.6.0", revision: "e5a1c0de" };

const name = `${irreversible.revision}_class_names.py`;
const file = `migrations/revisions/${name}`;
const approval = `evidence/approval/${irreversible.revision}.json`;

/** Hours ago, or ahead where negative, as UTC. */
export const ago = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();

/**
 * Ada writes the change on top of what prod's database is at, where no later revision is written yet, and the build makes a
 * release of it. Nothing goes back from there: the scenarios of this change come last. Out of hours is whenever this runs:
 * the stack file's school is in session for one minute that is at least six hours away.
 */
export async function prepareIrreversible(context: Context): Promise<void> {
  const release = await context.published("prod");
  const version = release?.slots[release.live]?.version ?? "";
  const at = release?.migration?.revision ?? "";
  if (at !== irreversible.revision) {
    const { files, graph } = readRevisionFiles(context.copy);
    const known = lineage(graph, at);
    const written = known.ok ? known.revisions : [];
    for (const [id, { file: path }] of files) if (!written.includes(id)) rmSync(join(context.copy, path));
    for (const one of readReleases(context.copy).records.values())
      if (!written.includes(one.revision)) {
        rmSync(join(context.copy, "releases", `${one.version}.json`));
        rmSync(join(context.copy, "rehearsal/school/releases", one.version), {
          recursive: true,
          force: true,
        });
      }
    const text = readFileSync(join(context.copy, "rehearsal/school/revisions", name), "utf8");
    writeFileSync(join(context.copy, file), text.replace(/^down_revision = .*$/m, `down_revision = "${at}"`));
  }
  rmSync(join(context.copy, approval), { force: true });
  const hour = new Date().getUTCHours();
  setCalendar(context, hour < 12 ? { from: "18:00", to: "18:01" } : { from: "05:00", to: "05:01" });
  commitAs(context, "ada", "Names of classes in capitals");
  buildVariant(
    context.copy,
    places(context.home).images,
    version,
    irreversible.version,
    irreversible.revision,
  );
  commitWorkingCopy(context.copy, `Release ${irreversible.version}`);
  await proveAndReview(context, irreversible.revision);
  await deployToStaging(context, irreversible.version);
}

/** Prod's school hours, every day of the week. */
export function setCalendar(context: Context, schoolHours: { from: string; to: string }): void {
  const schoolDays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
  edit(context, (document) =>
    document.setIn(["config", "deployment-safety:changeWindow"], { zone: "UTC", schoolDays, schoolHours }),
  );
}

function edit(context: Context, change: (document: ReturnType<typeof parseDocument>) => void): void {
  const path = join(context.copy, "Pulumi.prod.yaml");
  const document = parseDocument(readFileSync(path, "utf8"));
  change(document);
  writeFileSync(path, document.toString());
}

/** The migration written into prod's stack file by hand, for a plain `pulumi up`. */
export async function writeMigration(context: Context): Promise<void> {
  const release = await context.published("prod");
  assert.ok(release, "prod must have a release");
  const { image } = recordOf(context, irreversible.version);
  const migrated = releaseAfter.migrate(release, { revision: irreversible.revision, image });
  edit(context, (document) => document.setIn(["config", "deployment-safety:release"], migrated));
}

/** Commits everything as one of the team, signed by a key of that person's own. */
export function commitAs(context: Context, name: string, message: string): void {
  const key = join(context.home, "keys", name);
  const signers = join(context.copy, "evidence/allowed_signers");
  if (!existsSync(key)) {
    mkdirSync(join(context.home, "keys"), { recursive: true });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);
  }
  mkdirSync(join(context.copy, "evidence"), { recursive: true });
  const line = `${name}@example.com ${readFileSync(`${key}.pub`, "utf8")}`;
  if (!existsSync(signers) || !readFileSync(signers, "utf8").includes(line)) appendFileSync(signers, line);
  const git = (...words: string[]) => execFileSync("git", ["-C", context.copy, ...words], { stdio: "pipe" });
  git("add", "--all");
  const settings = [`user.name=${name}`, `user.email=${name}@example.com`, "gpg.format=ssh"];
  const given = [...settings, `user.signingKey=${key}`].flatMap((setting) => ["-c", setting]);
  git(...given, "commit", "--quiet", "--allow-empty", "-S", "-m", message);
}

/** Approves the change as `name`, for a window that is open now unless said otherwise. */
export async function approveAs(
  context: Context,
  name: string,
  { from = 0.02, to = -3 }: { from?: number; to?: number } = {},
): Promise<void> {
  const window = [from, to].map((hours) => `${ago(hours).slice(0, 16)}Z`).join("/");
  const who = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: `${name}@example.com` };
  const words = ["make", "--no-print-directory", "approve", `CHANGE=${irreversible.revision}`, "JSON=1"];
  const given = [...words, `WINDOW=${window}`, "REASON=decided by the school's council"];
  const { exitCode, stderr } = await context.run(given, who);
  assert.equal(exitCode, 0, stderr);
  commitAs(context, name, `Approve ${irreversible.revision}`);
}

/** Evidence of operation as it is in prod's parameters; undefined takes it away. Time that a rehearsal cannot wait for is set here. */
export async function setEvidence(context: Context, path: string, value: object | undefined): Promise<void> {
  await context.setParameter(`${parameterRoot("prod")}evidence/${path}`, value);
}

/** The newest drill and recovery point as of so many hours ago. */
export async function setRecovery(context: Context, drill: number, point: number): Promise<void> {
  const at = ago(drill);
  const record = { ok: true, at, target: at, source: "rds", actor: "rehearsal", findings: [] };
  for (const name of ["last", "passed"]) await setEvidence(context, `drill/${name}`, record);
  await setEvidence(context, "recovery-point/last", { at: ago(point) });
}

/** Sends the notice, then moves it so many hours into the past. */
export async function notify(context: Context, hours: number): Promise<void> {
  await context.expect(0, "notify-guardians", { CHANGE: irreversible.revision });
  const path = parameters.evidence("prod", "notice", irreversible.revision);
  const sent = JSON.parse((await context.parameter(path)) ?? "{}") as object;
  await context.setParameter(path, { ...sent, sentAt: ago(hours) });
}

/** Everything that must be there, there. */
export async function allInPlace(context: Context): Promise<void> {
  rmSync(join(context.copy, approval), { force: true });
  await setRecovery(context, 24, 0.1);
  await approveAs(context, "bo");
  await notify(context, 49);
}

/** The approval with something else in its details, by Bo. */
function approveUntil(context: Context, expires: string): void {
  const path = join(context.copy, approval);
  const given = JSON.parse(readFileSync(path, "utf8")) as { details: object };
  writeFileSync(path, JSON.stringify({ ...given, details: { ...given.details, expires } }));
  commitAs(context, "bo", "Only until then");
}

/** The revision edited, and told to guardians as it is now: only the approval is of before. */
async function editAfterApproval(context: Context): Promise<void> {
  appendFileSync(join(context.copy, file), "# in capitals of the alphabet\n");
  commitAs(context, "ada", "A word more");
  const path = parameters.evidence("prod", "notice", irreversible.revision);
  const sha256 = createHash("sha256")
    .update(readFileSync(join(context.copy, file)))
    .digest("hex");
  const sent = JSON.parse((await context.parameter(path)) ?? "{}") as object;
  await context.setParameter(path, { ...sent, sha256 });
}

type Way = [name: string, ground: string, spoil: (context: Context) => Promise<void> | void];

/** Each thing that can be missing where all is in place, and the reason for which the program must then refuse. */
export const refusedWays: Way[] = [
  ["no approval", "approval-missing", (context) => rmSync(join(context.copy, approval))],
  [
    "own approval",
    "approval-void",
    (context) => {
      appendFileSync(join(context.copy, approval), "\n");
      commitAs(context, "ada", "The approval, once more");
    },
  ],
  ["expired", "approval-expired", (context) => approveUntil(context, ago(1))],
  [
    "outside the window",
    "outside-approved-window",
    async (context) => {
      await approveAs(context, "bo", { from: -1, to: -4 });
      await notify(context, 49);
    },
  ],
  [
    "guardians not told",
    "notice-missing",
    (context) => setEvidence(context, `notice/${irreversible.revision}`, undefined),
  ],
  ["told too late", "notice-late", (context) => notify(context, 47)],
  ["stale backup", "recovery-point", (context) => setRecovery(context, 24, 2)],
  ["stale drill", "drill", (context) => setRecovery(context, 24 * 93, 0.1)],
  ["edited after approval", "approval-void", editAfterApproval],
];
