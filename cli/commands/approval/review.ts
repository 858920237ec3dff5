import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { evidencePath, isSamePerson, type Evidence } from "../../../decisions/approval/evidence";
import { lastAuthor, sha256Of } from "../../../repository/approval/evidence";
import { gitIdentity } from "../../../repository/stack/git";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import { confirm } from "../../shell/ask";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { makeLine } from "../../shell/options";
import { replaceFile } from "../../ports/stackFile";

/** Time limit for showing a revision, milliseconds: that starts a database server of its own. */
const showMilliseconds = 120_000;

/**
 * Records the review of a revision as it is now: shows its SQL up and down with the lint's findings, asks, and writes the
 * evidence. It counts once somebody other than the revision's last author has committed it.
 */
export async function run(ctx: Context): Promise<void> {
  const { options, root, output } = ctx;
  const { files } = readRevisionFiles(root);
  const { revision } = options;
  const file = files.get(revision ?? "")?.file;
  if (revision === undefined || file === undefined)
    throw new Failure(
      exitCodes.usage,
      `${revision === undefined ? "REVISION is missing" : `There is no revision \`${revision}\``}; there are ${[...files.keys()].join(", ") || "none"}. Nothing was written.`,
      { next: makeLine(ctx.stack, "review", { REVISION: "<id>" }) },
    );
  const author = lastAuthor(root, file);
  if (!author)
    throw new Failure(
      exitCodes.refused,
      `Git does not say who changed ${file} last: commit it first, in a full clone. Nothing was written.`,
    );
  const own = gitIdentity(root);
  if (own && isSamePerson(own, author))
    throw new Failure(
      exitCodes.refused,
      `${own.emails[0]} changed ${revision} last, and authors cannot review their own revision. Ask somebody else to run this. Nothing was written.`,
    );
  const { text, findings } = await shown(root, revision);
  process.stderr.write(`${text}\n`);
  if (findings > 0)
    throw new Failure(
      exitCodes.refused,
      `The lint has ${findings} finding(s) in ${revision}: fix them before the review. Nothing was written.`,
      { next: `make lint-migrations REVISION=${revision}` },
    );
  await confirm(`Is ${revision} right, up and down, as it is shown above?`, options, ctx.signal);
  const review: Evidence = {
    kind: "review",
    subject: revision,
    sha256: sha256Of(root, file),
    at: ctx.clock.now().toISOString(),
    details: {},
  };
  const target = evidencePath("review", revision);
  output.set("review", review);
  if (options.dryRun) {
    output.print(`Would write ${target}.`);
    return;
  }
  await mkdir(dirname(join(root, target)), { recursive: true });
  replaceFile(join(root, target), `${JSON.stringify(review, null, 2)}\n`);
  output.print(`${target} is written. It counts once you commit it.`);
  output.next(`git add ${target} && git commit -S -m "Review ${revision}"`);
}

/** The SQL of a revision, up and down, and how many findings the lint has in it. */
async function shown(root: string, revision: string): Promise<{ text: string; findings: number }> {
  const words = ["-m", "migrations.check", "show", "--revision", revision];
  try {
    const { stdout } = await promisify(execFile)("python", words, {
      cwd: root,
      timeout: showMilliseconds,
      env: { ...process.env, JSON: "1" },
    });
    return JSON.parse(stdout) as { text: string; findings: number };
  } catch (error) {
    throw new Failure(exitCodes.unexpected, `${revision} cannot be shown: ${String(error)}`, {
      cause: error,
    });
  }
}
