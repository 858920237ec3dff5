import { readFileSync } from "node:fs";
import { configDiff } from "../../decisions/stack/configDiff";
import { writeMessage } from "../../decisions/stack/updateMessage";
import { parameters as paths } from "../../decisions/stack/names";
import { changesSchema } from "../../decisions/database/schemaCheck";
import { exitCodes, Failure, failureFrom } from "../shell/failure";
import { refuseIrreversible } from "../approval/irreversible";
import { verifySchema } from "../database/verifySchema";
import { awaitWorkersDrained } from "../database/awaitWorkersDrained";
import { UpdateFailed, type ChangedResource } from "../ports/engine";
import { replaceFile, writeStackFile } from "../ports/stackFile";
import { describeRelease, type Change, type Operation } from "./operation";
import { upWhenFree } from "./stackLock";

/** Steps that only ever lead back to safety. */
const rollbackSteps: readonly Change["step"][] = ["pause", "rollback", "reapply"];

/**
 * Writes the stack file and applies it; `current` is the new release afterwards. On failure the file is put back, unless
 * the program had published the release by then: it was applied but for what is deleted last, and one more `up` of it
 * finishes that. A downgrade first waits for the workers to be gone; after a step that changes the schema the database is
 * compared with what was proved.
 */
export async function apply(operation: Operation, change: Change): Promise<ChangedResource[]> {
  const { step, release } = change;
  const { output } = operation.ctx;
  if (step === "downgrade") await awaitWorkersDrained(operation.ctx, release);
  const changed = await applyOnce();
  if (changesSchema(step) && release.migration) await verifySchema(operation.ctx, release.migration.revision);
  return changed;

  async function applyOnce(): Promise<ChangedResource[]> {
    try {
      return await output.step("update", `${step}: pulumi up, ${describeRelease(release)}`, (entry) =>
        up(operation, change, entry),
      );
    } catch (error) {
      if (!(error instanceof UpdateFailed) || operation.current.serial !== release.serial) throw error;
      output.warn(`the update failed after the release was applied: ${error.message}`);
      return output.step("update", `${step}: pulumi up once more`, (entry) => up(operation, change, entry));
    }
  }
}

async function up(
  operation: Operation,
  change: Change,
  entry: Record<string, unknown>,
): Promise<ChangedResource[]> {
  const { ctx, name, lease, version } = operation;
  const { step, release, flags, sizing, heldFlags, reason } = change;
  await lease.check();
  await refuseIrreversible(ctx, operation.current, release);
  const before = readFileSync(ctx.file.path, "utf8");
  const written = writeStackFile(ctx.file.path, { release, flags, sizing, heldFlags });
  entry.step = step;
  entry.serial = release.serial;
  try {
    const line = `${name}${version ? ` ${version}` : ""}: ${step}, ${describeRelease(release)}`;
    const message = writeMessage(line, {
      operation: name,
      id: lease.id,
      version,
      step,
      actor: ctx.options.actor,
      reason: reason ?? ctx.options.reason,
    });
    const changed = await upWhenFree(operation, {
      message,
      isRollback: change.isRollback ?? rollbackSteps.includes(step),
    });
    operation.current = release;
    operation.reapply = false;
    operation.updates.push({ step, serial: release.serial, changed });
    entry.changed = changed.length;
    return changed;
  } catch (error) {
    // Asked without the abort signal: also an interrupted update may have got as far as that.
    const reached = await ctx.parameters.read(paths.release(ctx.stack)).catch(() => undefined);
    const isRefused = error instanceof Failure && error.exitCode === exitCodes.refused;
    if (!isRefused && reached !== undefined && configDiff(JSON.parse(reached), release).length === 0)
      operation.current = release;
    else restore(operation, before, written);
    // On a first run nothing was applied before that could be applied again.
    operation.reapply = operation.published.release !== undefined || operation.updates.length > 0;
    operation.why = "an update failed";
    throw error;
  }
}

/**
 * Puts the file back to what is applied. Not when somebody edited it meanwhile: their text is not ours to lose.
 */
function restore({ ctx, current }: Operation, before: string, written: string): void {
  if (readFileSync(ctx.file.path, "utf8") !== written) {
    ctx.output.warn(
      `${ctx.file.path} was edited meanwhile and is left as it is; \`make sync\` puts the applied release into it.`,
    );
    return;
  }
  replaceFile(ctx.file.path, before);
  writeStackFile(ctx.file.path, { release: current });
}

/** Applies the last good release once more, over what a killed or failed update left half done. */
export async function heal(operation: Operation): Promise<void> {
  const { ctx, current, why } = operation;
  try {
    await ctx.output.step("update", `apply serial ${current.serial} again: ${why}`, (entry) =>
      up(operation, { step: "reapply", release: current, reason: why }, entry),
    );
  } catch (error) {
    throw failureFrom(error, "The release as applied could not be applied again", exitCodes.unexpected);
  }
}
