import type { SlotRelease } from "../../../decisions/stack/config";
import type { DowngradeEvidence } from "../../../decisions/database/downgrades";
import { liveDigest } from "../../../decisions/release/digest";
import { trialRefusal } from "../../../decisions/database/downgradeTrial";
import { knownGood } from "../../../decisions/stack/history";
import { other, parameters as paths, slots } from "../../../decisions/stack/names";
import type { PlannedUpdate } from "../../../decisions/release/plannedUpdate";
import { describeHint } from "../../../decisions/text/commandHint";
import { rollbackPlan } from "../../../decisions/rollback/rollbackPlan";
import { releaseAfter } from "../../../decisions/release/nextRelease";
import { pendingRevisions } from "../../../decisions/database/revisionGraph";
import { findRollbackTarget } from "../../../decisions/rollback/rollbackTarget";
import { readRevisionsBetween } from "../../../repository/database/revisionsBetween";
import { readReleases } from "../../../repository/release/releases";
import { readRevisionFacts } from "../../../repository/database/revisionFacts";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import { confirm } from "../../shell/ask";
import { executePlan } from "../../rollback/executePlan";
import { readPublished, type Context } from "../../shell/context";
import { readPromotionSource } from "../../stack/promotionSource";
import { exitCodes, Failure } from "../../shell/failure";
import { operate } from "../../stack/operate";
import { describeUpdates, type Operation } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { killSwitchOn } from "../../traffic/killSwitch";

/**
 * Downgrades the stack's own database to the revision of the previous release (VERSION=, by default the one in the other
 * slot), and migrates it again while that release serves (B5).
 * Run it on the stage before production, after that has validated a release: production accepts a revision only then. A run
 * that was killed leaves a validated release of either version, or paused traffic; `make rollback VERSION=` finishes it.
 */
export async function run(ctx: Context): Promise<void> {
  await confirm(
    `Downgrade the database of stack ${ctx.stack} to the previous release and migrate it again? Traffic pauses meanwhile.`,
    ctx.options,
    ctx.signal,
  );
  let version = "<tag>";
  await operate(ctx, {}, async (operation) => {
    const trial = trialOf(operation);
    version = trial.version;
    if (trial.revisions.every((revision) => isProved(operation, revision))) {
      const went = trial.revisions.join(", ");
      ctx.output.print(
        went === ""
          ? `${trial.before.version} works with the revision that the database of stack ${ctx.stack} is at: there is nothing to downgrade.`
          : `Stack ${ctx.stack} has downgraded ${went} and migrated again already.`,
      );
      return;
    }
    ctx.output.set("revisions", trial.revisions);
    ctx.output.set("under", trial.before.version);
    const down = await stepsDown(operation, trial.before.version);
    await mustComeUp(operation, trial);
    if (ctx.options.dryRun) {
      ctx.output.print(
        `Would downgrade ${trial.revisions.join(", ")} and migrate again under ${trial.before.version}.`,
      );
      return;
    }
    // No worker may run on a schema that goes away; the rollback clears the switch once the database is down.
    const reason = `downgrade of ${trial.revisions.join(", ")} is proved`;
    await ctx.parameters.put(paths.killSwitch(ctx.stack), killSwitchOn(ctx, slots, reason));
    await executePlan(operation, down);
    const up = stepsUp(operation, trial);
    await executePlan(operation, up.slice(0, -1));
    // Before the last update, whose output passes it to the next stack.
    for (const revision of trial.revisions) await record(operation, revision, trial);
    await executePlan(operation, up.slice(-1));
    ctx.output.print(describeUpdates(operation));
  });
  ctx.output.next(makeLine("prod", "deploy", { VERSION: version }));
}

/** What is downgraded, and under which release. */
interface Trial {
  /** The version that is live now and again at the end. */
  version: string;
  /** The release that serves while the database is down, at the revision that it needs. */
  before: SlotRelease;
  /** The revision that the database is at, before and after. */
  at: string;
  /** The revisions to downgrade, the oldest first. */
  revisions: string[];
}

function trialOf({ ctx, current, history, published }: Operation): Trial {
  const [live, idle] = [current.slots[current.live], current.slots[other(current.live)]];
  if (!live || current.validated === undefined || current.validated !== liveDigest(current))
    throw new Failure(
      exitCodes.refused,
      `Stack ${ctx.stack} has no validated release, so there is nothing to roll back from. Nothing was changed.`,
      { next: makeLine(ctx.stack, "deploy", { VERSION: live?.version ?? "<tag>" }) },
    );
  const { version } = ctx.options;
  const before = version === undefined ? idle : goodRelease(history, published, version);
  if (!before)
    throw new Failure(
      exitCodes.refused,
      `The other slot of stack ${ctx.stack} is empty, so there is no release to roll back to; name one that was validated here. Nothing was changed.`,
      { next: makeLine(ctx.stack, "prove-downgrade", { VERSION: "<tag>" }) },
    );
  const at = current.migration?.revision ?? live.revision;
  const pending = pendingRevisions(readRevisionFiles(ctx.root).graph, before.revision, at);
  if (!pending.ok)
    throw new Failure(
      exitCodes.refused,
      `The files do not say which revisions lie between ${before.revision} and ${at}: ${pending.reasons.join("; ")}. Nothing was changed.`,
      { next: makeLine(ctx.stack, "status") },
    );
  return { version: live.version, before, at, revisions: pending.revisions };
}

/**
 * Throws refused (4) unless the database can be migrated again under the release that serves meanwhile. Checked before
 * anything moves, because otherwise the stack would be left on the older release.
 */
async function mustComeUp({ ctx, current, history, published }: Operation, trial: Trial): Promise<void> {
  const { before, at } = trial;
  const { stagingDowngraded } = await readPromotionSource(ctx);
  const meanwhile = { ...current, slots: { ...current.slots, [current.live]: before } };
  const facts = readRevisionFacts(ctx.root, ctx.settings, meanwhile, {
    from: before.revision,
    needed: at,
    downgraded: stagingDowngraded,
  });
  const { targets } = knownGood(history, new Set(published.refused.keys()));
  const validated = targets.flatMap(({ settings: { release } }) => release.slots[release.live] ?? []);
  const refusal = trialRefusal(facts, validated);
  if (!refusal) return;
  const { reasons, instead } = refusal;
  throw new Failure(
    exitCodes.refused,
    [
      `The database of stack ${ctx.stack} is not downgraded to ${before.revision}, because it could not be migrated to ${at} again; nothing was changed:`,
      ...reasons.map((reason) => `  - ${reason}`),
      instead === undefined
        ? "First deploy a release here that works on both, then name it."
        : `${instead}, which was validated here, works on it.`,
    ].join("\n"),
    {
      next: makeLine(ctx.stack, "prove-downgrade", { VERSION: instead ?? "<tag>" }),
      details: { reasons },
    },
  );
}

/** The release of a version that was validated here. Throws what a rollback to it would throw, if there is none. */
function goodRelease(
  history: Operation["history"],
  { refused }: Operation["published"],
  version: string,
): SlotRelease | undefined {
  const found = findRollbackTarget(history, new Set(refused.keys()), { version });
  if (!found.ok) throw new Failure(found.code, `${found.reasons.join("\n")} Nothing was changed.`);
  const { release } = found.target.settings;
  return release.slots[release.live];
}

/** Whether this stack has proved the revision already, with its file as it is now. */
const isProved = ({ ctx, published }: Operation, revision: string): boolean =>
  published.downgrades.get(revision)?.sha256 === hashOf(ctx, revision);

const hashOf = ({ root }: Context, revision: string): string =>
  readRevisionFiles(root).files.get(revision)?.sha256 ?? "";

/** The updates of a rollback to a version, database included; flags and sizing stay as in the stack file. */
async function stepsDown({ ctx, current }: Operation, version: string): Promise<PlannedUpdate[]> {
  const [history, published] = await Promise.all([ctx.engine.history(), readPublished(ctx)]);
  const planned = rollbackPlan({
    history,
    settings: ctx.settings,
    current,
    refused: new Set(published.refused.keys()),
    target: { version },
    database: "downgrade",
    between: (to, at) => readRevisionsBetween(ctx.root, ctx.settings, to, at),
    loss: ctx.options.loss,
    releases: readReleases(ctx.root).records,
  });
  if (!planned.ok)
    throw new Failure(exitCodes.refused, planned.reasons.join("\n"), {
      next: planned.next && describeHint(ctx.stack, planned.next),
    });
  return planned.steps.map(bare);
}

/**
 * The updates up again: the migration while the previous release serves, then back to the other. Fewer than a rollback's:
 * the release stays validated during the migration, because it knows that schema.
 */
function stepsUp({ ctx, current }: Operation, { version, at }: Trial): PlannedUpdate[] {
  const slot = slots.find((one) => current.slots[one]?.version === version);
  if (!slot || !current.migration)
    throw new Failure(exitCodes.unexpected, `No slot of stack ${ctx.stack} holds ${version} any more.`, {
      next: makeLine(ctx.stack, "rollback", { VERSION: version }),
    });
  const { image } = current.migration;
  const migrated = releaseAfter.migrate(current, { revision: at, image });
  const back = releaseAfter.rollback(migrated, slot);
  return [
    { step: "migrate", release: migrated, smoke: slot, why: `the database goes up to ${at}` },
    { step: "rollback", release: back, smoke: slot, why: `slot ${slot} takes all traffic with ${version}` },
    { step: "validate", release: releaseAfter.validate(back), why: `${version} serves on it again` },
  ];
}

const bare = ({ flags: _, sizing: __, ...update }: PlannedUpdate): PlannedUpdate => update;

async function record({ ctx, current }: Operation, revision: string, trial: Trial): Promise<void> {
  const evidence: DowngradeEvidence = {
    sha256: hashOf(ctx, revision),
    to: trial.before.revision,
    under: trial.before.version,
    serial: current.serial,
    at: ctx.clock.now().toISOString(),
  };
  await ctx.parameters.put(paths.evidence(ctx.stack, "downgrade", revision), JSON.stringify(evidence));
}
