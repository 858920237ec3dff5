import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evidencePath } from "../../../decisions/approval/evidence";
import { parameters } from "../../../decisions/stack/names";
import { sha256Of } from "../../../repository/approval/evidence";
import { readRevisionFiles } from "../../../repository/database/revisions";
import type { Context, Stack } from "../context";
import { places } from "../machine/environment";
import { buildVariant } from "../machine/images";
import { allowIfRefused, bringLive, deployToStaging } from "./releases";
import type { Figures } from "../scenario";
import { bringBackLater, commitWorkingCopy, putAwayLater, reviewRevisions } from "./signers";

/** Revisions that a scenario brings on top of what is there, and takes away again. */

/** A release that brings revisions of its own; their files are in rehearsal/school/revisions. */
export interface Brought {
  version: string;
  /** Names of the files, oldest first. */
  files: readonly string[];
  /** Their ids. */
  revisions: readonly string[];
}

const brought = (version: string, ...files: string[]): Brought => ({
  version,
  files: files.map((file) => `${file}.py`),
  revisions: files.map((file) => file.split("_")[0] ?? ""),
});

/** A note beside a grade, and an index: nothing wrong with them. */
export const notes = brought("1.7.0", "c4a7e210_grade_notes", "d81f3b66_grade_days");

/** A constraint that holds for every row, passes staging, and makes the live release fail for some people. */
export const twoNames = brought("1.8.0", "f29ae4b7_two_names");

/** The release that all of these come after, and the revision that it needs. */
export const base = { version: "1.2.0", revision: "9c1b0d2f" };

const folder = "migrations/revisions";

/**
 * 1.2.0 is live with its own schema; the team writes the revisions, proves them, and has them reviewed, and the build makes
 * a release of them. What was proved with the same content before needs no new proof.
 */
export async function bring(context: Context, { version, files, revisions }: Brought): Promise<void> {
  await bringBase(context);
  const { copy } = context;
  putAwayLater(copy);
  for (const file of files)
    writeFileSync(join(copy, folder, file), readFileSync(join(copy, "rehearsal/school/revisions", file)));
  commitWorkingCopy(copy, `Revisions ${revisions.join(", ")}`);
  buildVariant(copy, places(context.home).images, base.version, version, revisions.at(-1));
  commitWorkingCopy(copy, `Release ${version}`);
  for (const stack of ["staging", "prod"] as const) await allowIfRefused(context, stack, version);
  for (const revision of revisions) await prove(context, revision);
  reviewRevisions(copy);
}

async function prove(context: Context, revision: string): Promise<void> {
  const path = join(context.copy, evidencePath("proof", revision));
  const proved = existsSync(path)
    ? (JSON.parse(readFileSync(path, "utf8")) as { sha256: string })
    : undefined;
  if (proved?.sha256 === hashOf(context, revision)) return;
  await context.expect(0, "prove-migrations", { REVISION: revision });
  commitWorkingCopy(context.copy, `Revision ${revision} proved`);
}

export const fileOf = (context: Context, revision: string): string =>
  readRevisionFiles(context.copy).files.get(revision) ?? "";

const hashOf = (context: Context, revision: string): string =>
  sha256Of(context.copy, fileOf(context, revision));

/** Whether staging has taken a revision down and up again, as it is now. */
async function isDowngraded(context: Context, revision: string): Promise<boolean> {
  const value = await context.parameter(parameters.evidence("staging", "downgrade", revision));
  return (
    value !== undefined && (JSON.parse(value) as { sha256: string }).sha256 === hashOf(context, revision)
  );
}

/** Whether staging has taken all of them down and up again, as they are now. */
export const isShown = async (context: Context, revisions: readonly string[]): Promise<boolean> =>
  (await Promise.all(revisions.map((revision) => isDowngraded(context, revision)))).every(Boolean);

/**
 * Staging takes the releases one after another, each time takes its database down to the release before and up again, and
 * goes back to where it was.
 */
export async function showInStaging(context: Context, versions: readonly string[]): Promise<void> {
  const STACK = "staging";
  const load = context.load(STACK, 50);
  try {
    let before = base.version;
    for (const VERSION of versions) {
      await context.expect(0, "deploy", { STACK, VERSION });
      await context.expect(0, "prove-downgrade", { STACK, VERSION: before, YES: "1" });
      before = VERSION;
    }
    await takeBack(context, STACK);
  } finally {
    await load.stop();
  }
}

/** Both stacks have 1.2.0 live. */
export async function bringBase(context: Context): Promise<void> {
  await bringLive(context, base.version);
  const staging = await context.published("staging");
  if (staging?.slots[staging.live]?.version !== base.version) await deployToStaging(context, base.version);
}

/** Staging has not shown anything of it, whatever an earlier run left. */
export async function forgetShown(context: Context, { revisions }: Brought): Promise<void> {
  for (const revision of revisions)
    if (await isDowngraded(context, revision))
      await context.setParameter(parameters.evidence("staging", "downgrade", revision), undefined);
}

/** Takes a stack's database back to the schema before, where it has left that. */
export async function takeBack(context: Context, stack: Stack): Promise<void> {
  const now = await context.published(stack);
  if (now?.migration?.revision === base.revision) return;
  const given = { STACK: stack, VERSION: base.version, DATABASE: "downgrade" };
  await context.expect(0, "rollback", given);
}

/** Lets a scenario show something with revisions that staging has shown, and leaves the stacks as they were before. */
export async function withRevisions(
  context: Context,
  given: Brought,
  show: () => Promise<Figures>,
): Promise<Figures> {
  await bring(context, given);
  if (!(await isShown(context, given.revisions))) await showInStaging(context, [given.version]);
  try {
    return await show();
  } finally {
    await takeAway(context, given);
  }
}

/** Takes the revisions away, after the databases have gone back: the next scenario finds what this one found. */
export async function takeAway(context: Context, { version, files }: Brought): Promise<void> {
  for (const stack of ["prod", "staging"] as const) await takeBack(context, stack);
  for (const path of [...files.map((file) => join(folder, file)), join("releases", `${version}.json`)])
    rmSync(join(context.copy, path), { force: true });
  commitWorkingCopy(context.copy, `Without ${version}`);
  bringBackLater(context.copy);
}
