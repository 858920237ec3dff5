import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evidencePath } from "../../../decisions/approval/evidence";
import { parameters } from "../../../decisions/stack/names";
import { sha256Of } from "../../../repository/approval/evidence";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import type { Context, Stack } from "../context";
import { places } from "../machine/environment";
import { buildVariant } from "../machine/images";
import { allowIfRefused, bringLive, deployToStaging } from "./releases";
import type { Figures } from "../scenario";
import { restoreLater, commitWorkingCopy, removeLater, reviewRevisions } from "./signers";

/** Revisions that a scenario imports on top of the existing ones, and removes again. */

/** A release with revisions of its own, whose files are in rehearsal/school/revisions. */
export interface ImportedRevisions {
  version: string;
  /** Names of the files, oldest first. */
  files: readonly string[];
  /** Their ids. */
  revisions: readonly string[];
}

const importedRevisions = (version: string, ...files: string[]): ImportedRevisions => ({
  version,
  files: files.map((file) => `${file}.py`),
  revisions: files.map((file) => file.split("_")[0] ?? ""),
});

/** A note beside a grade, and an index: both are fine. */
export const notes = importedRevisions("1.7.0", "c4a7e210_grade_notes", "d81f3b66_grade_days");

/** A constraint that holds for every row, passes staging, and makes the live release fail for some people. */
export const twoNames = importedRevisions("1.8.0", "f29ae4b7_two_names");

/** The release that all of these build on, and the revision that it needs. */
export const base = { version: "1.2.0", revision: "9c1b0d2f" };

const folder = "migrations/revisions";

/**
 * With 1.2.0 live on its own schema, writes the revisions, proves them, has them reviewed, and builds a release with them.
 * Content that was proved before needs no new proof.
 */
export async function importRevisions(
  context: Context,
  { version, files, revisions }: ImportedRevisions,
): Promise<void> {
  await bringBase(context);
  const { copy } = context;
  removeLater(copy);
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
  readRevisionFiles(context.copy).files.get(revision)?.file ?? "";

const hashOf = (context: Context, revision: string): string =>
  sha256Of(context.copy, fileOf(context, revision));

/** Whether staging has downgraded and upgraded a revision again, with its present content. */
async function isDowngraded(context: Context, revision: string): Promise<boolean> {
  const value = await context.parameter(parameters.evidence("staging", "downgrade", revision));
  return (
    value !== undefined && (JSON.parse(value) as { sha256: string }).sha256 === hashOf(context, revision)
  );
}

/** Whether staging has downgraded and upgraded all of them again, with their present content. */
export const isShown = async (context: Context, revisions: readonly string[]): Promise<boolean> =>
  (await Promise.all(revisions.map((revision) => isDowngraded(context, revision)))).every(Boolean);

/**
 * Deploys the releases to staging one after another; each time downgrades its database to the release before and upgrades it
 * again. In the end staging is where it was.
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
    await rollBackImported(context, STACK);
  } finally {
    await load.stop();
  }
}

/** Makes 1.2.0 live on both stacks. */
export async function bringBase(context: Context): Promise<void> {
  await bringLive(context, base.version);
  const staging = await context.published("staging");
  if (staging?.slots[staging.live]?.version !== base.version) await deployToStaging(context, base.version);
}

/** Removes staging's evidence of these revisions that an earlier run left. */
export async function forgetShown(context: Context, { revisions }: ImportedRevisions): Promise<void> {
  for (const revision of revisions)
    if (await isDowngraded(context, revision))
      await context.setParameter(parameters.evidence("staging", "downgrade", revision), undefined);
}

/** Rolls a stack's database back to the base schema, unless it is there already. */
export async function rollBackImported(context: Context, stack: Stack): Promise<void> {
  const now = await context.published(stack);
  if (now?.migration?.revision === base.revision) return;
  const given = { STACK: stack, VERSION: base.version, DATABASE: "downgrade" };
  await context.expect(0, "rollback", given);
}

/** Runs `show` with revisions that staging has downgraded and upgraded, and leaves the stacks as they were before. */
export async function withRevisions(
  context: Context,
  given: ImportedRevisions,
  show: () => Promise<Figures>,
): Promise<Figures> {
  await importRevisions(context, given);
  if (!(await isShown(context, given.revisions))) await showInStaging(context, [given.version]);
  try {
    return await show();
  } finally {
    await removeImported(context, given);
  }
}

/** Rolls the databases back and removes the revisions, so that the next scenario starts like this one. */
export async function removeImported(context: Context, { version, files }: ImportedRevisions): Promise<void> {
  for (const stack of ["prod", "staging"] as const) await rollBackImported(context, stack);
  for (const path of [...files.map((file) => join(folder, file)), join("releases", `${version}.json`)])
    rmSync(join(context.copy, path), { force: true });
  commitWorkingCopy(context.copy, `Without ${version}`);
  restoreLater(context.copy);
}
