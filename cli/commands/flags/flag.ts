import { changeFlag, readFlagAsk } from "../../../decisions/flags/flagChange";
import { changeHold, missingHolds } from "../../../decisions/flags/heldFlags";
import { newestSucceeded } from "../../../decisions/stack/history";
import { parameters as paths } from "../../../decisions/stack/names";
import { flagConditions } from "../../../decisions/flags/flagConditions";
import { readRevisionFiles } from "../../../repository/database/revisionFiles";
import type { Context } from "../../shell/context";
import { exitCodes, Failure } from "../../shell/failure";
import { apply } from "../../stack/apply";
import { operate } from "../../stack/operate";
import { describeUpdates, type Change, type Operation } from "../../stack/operation";
import { makeLine } from "../../shell/options";
import { UpdateFailed } from "../../ports/engine";

/**
 * Changes who has one flag, holds it off, or lifts the hold: in config and by one `up` under the same release. Refused where
 * people would be added to a flag that is off, expired or held; taking people away is always allowed.
 */
export async function run(ctx: Context): Promise<void> {
  const { hold } = ctx.options;
  const planned = hold === undefined ? readFlagAsk(ctx.options) : undefined;
  if (planned && !planned.ok) throw usage(ctx, planned.reasons);
  await operate(ctx, {}, async (operation) => {
    if (planned?.ok) await changeRollout(operation, planned.ask);
    else await changeHeld(operation, hold ?? "on");
    ctx.output.next(makeLine(ctx.stack, "status"));
  });
}

/** Holds of the applied settings and of the stack file together: an old file or a crash must not lose one. */
function known(operation: Operation) {
  const { settings } = operation.ctx;
  const applied = newestSucceeded(operation.history)?.settings;
  const heldFlags = {
    ...settings.heldFlags,
    ...missingHolds(applied?.heldFlags ?? {}, settings.heldFlags),
  };
  return { applied, heldFlags, flags: settings.flags };
}

async function changeRollout(
  operation: Operation,
  ask: Parameters<typeof changeFlag>[0]["ask"],
): Promise<void> {
  const { ctx, current, published } = operation;
  const { applied, heldFlags, flags } = known(operation);
  const change = changeFlag({
    ask,
    written: ctx.file.flags,
    flags,
    heldFlags,
    ...(applied && { applied: applied.flags }),
    conditions: flagConditions(current, readRevisionFiles(ctx.root).graph),
    ...(published.killSwitch && { killSwitch: published.killSwitch.reason }),
    today: ctx.clock.now().toISOString().slice(0, 10),
  });
  if (!change.ok) {
    if (change.code === 2) throw usage(ctx, change.reasons);
    throw new Failure(exitCodes.refused, change.reasons.join("\n"), { details: { reasons: change.reasons } });
  }
  ctx.output.set("flag", { name: ask.name, lowers: change.lowers, lines: change.lines });
  await publish(operation, change.changes, [`${ask.name} on stack ${ctx.stack}`, ...change.lines], {
    flags: change.flags,
    reason: `${ask.name}: ${change.lines.join("; ")}`,
  });
}

async function changeHeld(operation: Operation, hold: "on" | "off"): Promise<void> {
  const { ctx, current, published } = operation;
  const { name = "", reason, actor, actorNamed, incident } = ctx.options;
  const { flags, heldFlags } = known(operation);
  const person = actorNamed ? { actor } : {};
  const why = reason === undefined ? {} : { reason };
  const ask = { name, hold, ...why, ...person, incident };
  const change = changeHold(ask, flags, heldFlags, published.holdReleases.get(name));
  if (!change.ok) throw usage(ctx, change.reasons);
  if (change.released !== undefined && !ctx.options.dryRun)
    await ctx.parameters.put(
      paths.evidence(ctx.stack, "released-flag", name),
      JSON.stringify({
        flag: name,
        hold: change.released,
        actor,
        reason,
        serial: current.serial,
        at: ctx.clock.now().toISOString(),
      }),
    );
  ctx.output.set("flag", { name, hold, line: change.line });
  await publish(operation, change.changes, [change.line], {
    heldFlags: change.heldFlags,
    reason: change.line,
  });
}

/** One `up` of the release as it is, with what changes beside it; none where a killed run has done it already. */
async function publish(
  operation: Operation,
  changes: boolean,
  lines: string[],
  change: Pick<Change, "flags" | "heldFlags" | "reason">,
): Promise<void> {
  const { ctx, current, updates } = operation;
  // What a killed run wrote into the file has been applied by the update that heals.
  const isDone = !changes || (updates.length > 0 && isInFile(ctx, change));
  if (ctx.options.dryRun || isDone) {
    ctx.output.print([isDone ? "Is so already." : "Would change and apply:", ...lines].join("\n"));
    return;
  }
  try {
    await apply(operation, { step: "flags", release: current, ...change });
  } catch (error) {
    if (!(error instanceof UpdateFailed)) throw error;
    const again = `The change is in Pulumi.${ctx.stack}.yaml and may be published in part. Run the same command again, or put the file back and run \`pulumi up\`.`;
    throw new Failure(exitCodes.unexpected, `${error.message}\n${again}`, { cause: error });
  }
  ctx.output.print(
    [...lines, "", describeUpdates(operation), "", `Commit Pulumi.${ctx.stack}.yaml.`].join("\n"),
  );
}

const isInFile = ({ file, settings }: Context, { flags, heldFlags }: Pick<Change, "flags" | "heldFlags">) =>
  JSON.stringify(flags ?? file.flags) === JSON.stringify(file.flags) &&
  JSON.stringify(heldFlags ?? settings.heldFlags) === JSON.stringify(settings.heldFlags);

function usage(ctx: Context, reasons: string[]): Failure {
  const name = ctx.options.name ?? Object.keys(ctx.settings.flags)[0] ?? "<flag>";
  const more = ctx.options.hold
    ? { HOLD: ctx.options.hold, REASON: "<why>", ACTOR: "<who>" }
    : { PERCENTAGE: "<0 to 100>" };
  return new Failure(exitCodes.usage, `${reasons.join("\n")}\nNothing was changed.`, {
    next: makeLine(ctx.stack, "flag", { NAME: name, ...more }),
  });
}
