import type { ChangeCalendar } from "../../decisions/approval/changeWindow";
import type { Release, Settings } from "../../decisions/stack/config";
import { recoveryPointMinutes, type IrreversibleChange } from "../../decisions/approval/irreversibleChange";
import { isIrreversible, upgradeOf } from "../../decisions/database/irreversibleRevisions";
import {
  changeOf,
  irreversibleRefusals,
  lacksOnlyRecoveryPoint,
  type ChangeSources,
} from "../../repository/approval/irreversible";
import { readRevisionFiles } from "../../repository/database/revisionFiles";
import { readPublished, type Context } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import { makeLine } from "../shell/options";
import { ensureRecoveryPoint } from "../recovery/recoveryPoint";

/** Settings of a stack that protects itself from irreversible changes. */
type Guarded = Settings & { changeWindow: ChangeCalendar };

/** The change that CHANGE names, on a stack that requires approvals. Throws usage (2) with the changes that can be named. */
export async function irreversibleChangeNow(
  ctx: Context,
): Promise<{ change: IrreversibleChange; settings: Guarded }> {
  const { stack, settings, options, root } = ctx;
  const { changeWindow } = settings;
  if (!changeWindow)
    throw new Failure(
      exitCodes.usage,
      `Stack ${stack} has no \`changeWindow\`, so nothing needs an approval there. Nothing was done.`,
    );
  const subjects = [
    ...[...readRevisionFiles(root).files.values()].flatMap((one) =>
      isIrreversible(one) ? [one.revision] : [],
    ),
    "vault-lock",
  ];
  const published = await readPublished(ctx);
  const subject = options.change ?? "";
  const change = subjects.includes(subject) && changeOf({ root, stack, settings, published }, subject);
  if (!change)
    throw new Failure(
      exitCodes.usage,
      `CHANGE is ${options.change ? `\`${options.change}\`` : "missing"}; changes that cannot be undone are: ${subjects.join(", ")}. Nothing was done.`,
      { next: makeLine(stack, ctx.command, { CHANGE: subjects[0] ?? "<revision>" }) },
    );
  return { change, settings: { ...settings, changeWindow } };
}

/**
 * Refuses (4) to apply `wanted` over `current` if that is irreversible and not allowed now. Checked for the plan and again
 * right before the update, because a window may close meanwhile.
 */
export async function refuseIrreversible(ctx: Context, current: Release, wanted: Release): Promise<void> {
  if (!upgradeOf(current, wanted)) return;
  const { root, stack } = ctx;
  const sourcesNow = async (): Promise<ChangeSources> => {
    const published = { ...(await readPublished(ctx)), release: current };
    return { root, stack, settings: { ...ctx.settings, release: wanted }, published };
  };
  let sources = await sourcesNow();
  if (!ctx.options.dryRun && lacksOnlyRecoveryPoint(sources, ctx.clock.now())) {
    await ensureRecoveryPoint(ctx, recoveryPointMinutes);
    sources = await sourcesNow();
  }
  const reasons = irreversibleRefusals(sources, ctx.clock.now()).map(({ text }) => text);
  if (reasons.length === 0) return;
  throw new Failure(
    exitCodes.refused,
    [
      "This change is irreversible and may not run now; nothing was changed:",
      ...reasons.map((one) => `  - ${one}`),
    ].join("\n"),
    { details: { reasons }, next: makeLine(stack, "status") },
  );
}
