import { readFileSync } from "node:fs";
import type { Release, Settings, WrittenFlags, WrittenSizing } from "../decisions/config";
import { diff } from "../decisions/diff";
import { missingHolds } from "../decisions/heldFlags";
import { newestSucceeded, type HistoryEntry, type Newest } from "../decisions/history";
import { writeMessage } from "../decisions/message";
import { parameters as paths } from "../decisions/names";
import type { Published } from "../decisions/parameters";
import { resume } from "../decisions/resume";
import { changesSchema } from "../decisions/schemaLook";
import type { Step } from "../decisions/transition";
import { readPublished, type Context } from "./context";
import { exitCodes, Failure, failureFrom } from "./failure";
import { refuseIrreversible } from "./irreversible";
import { verifySchema } from "./schema";
import { takeLease, type HeldLease } from "./lease";
import { makeLine } from "./options";
import { UpdateFailed, type ChangedResource } from "./ports/pulumi";
import { replaceFile, writeStackFile } from "./ports/stackFile";
import { upWhenFree } from "./stackLock";
import { awaitWorkersGone } from "./workersGone";

/** A command that holds the stack's lease, with what is applied now. */
export interface Operation {
  ctx: Context;
  lease: HeldLease;
  /** The release as last applied, or the file's on a first run. Moves with every {@link apply}. */
  current: Release;
  /** Stack history as it was when the operation began, newest first. */
  history: HistoryEntry[];
  /** The parameters as they were when the operation began. */
  published: Published;
  /** Whether `current` must be applied once more, because a later update was killed or failed. */
  reapply: boolean;
  /** Why, for the report. */
  why: string;
  /** Version that this operation is about, for the update messages. */
  version: string | undefined;
  /** Seconds to wait for somebody else's update. */
  lockPatience: number;
  /** Resources changed by each `up` of this operation. */
  updates: { step: Change["step"]; serial: number; changed: ChangedResource[] }[];
}

/** How {@link operate} begins. */
export interface OperateOptions {
  version?: string;
  /** Whether a live operation of somebody else may be ended for this one. */
  interrupts?: boolean;
  /** Seconds to wait for somebody else's update before giving up with held (7). Default 0. */
  lockPatience?: number;
  /** Whether a release that did not end cleanly is applied again first. Default true; a rollback does not wait for that. */
  heal?: boolean;
}

/** Takes the lease, reads where the stack stands, heals what a crash left, runs `action`, gives the lease back. */
export async function operate<T>(
  ctx: Context,
  options: OperateOptions,
  action: (operation: Operation) => Promise<T>,
): Promise<T> {
  const lease = ctx.options.dryRun ? noLease : await leaseFor(ctx, options);
  try {
    const operation = await open(ctx, lease, options);
    if (operation.reapply && !ctx.options.dryRun && (options.heal ?? true)) await heal(operation);
    return await action(operation);
  } finally {
    await lease.release();
  }
}

/** What stands in for a lease while nothing is changed. */
const noLease: HeldLease = {
  id: "",
  check: () => Promise.reject(new Error("a dry run reached a change")),
  release: () => Promise.resolve(),
};

function leaseFor(ctx: Context, { version, interrupts = false }: OperateOptions): Promise<HeldLease> {
  const { report, command, parameters, stack, signal, options } = ctx;
  return takeLease({
    parameters,
    stack,
    operation: command,
    ...(version ? { version } : {}),
    actor: options.actor,
    report,
    signal,
    lost: ctx.abort,
    interrupts,
  });
}

/** Reads history, pending operations and parameters at once, and says which release is the applied one. */
async function open(ctx: Context, lease: HeldLease, options: OperateOptions): Promise<Operation> {
  const [history, published] = await Promise.all([ctx.engine.history(), readPublished(ctx)]);
  const pending = history.length > 0 ? await ctx.engine.pending() : [];
  const newest = newestSucceeded(history);
  const state = resume({
    ...(newest ? { newest } : {}),
    ...(history[0] ? { newestEntry: history[0] } : {}),
    pendingOperations: pending.length > 0,
    deadLease: lease.previous !== undefined,
    ...(published.release ? { published: published.release } : {}),
    file: ctx.settings.release,
  });
  if (!state.ok)
    throw new Failure(exitCodes.refused, state.reasons.join("\n"), { next: makeLine(ctx.stack, "status") });
  const { release: current, reapply } = state;
  ctx.report.say(`applied is ${describeRelease(current)}`);
  for (const line of state.why) ctx.report.say(line);
  if (state.writeFile && !ctx.options.dryRun) writeStackFile(ctx.file.path, { release: current });
  keepHolds(ctx, newest);
  const { version, lockPatience = 0 } = options;
  const why = state.why.join(" ");
  return { ctx, lease, current, history, published, reapply, why, version, lockPatience, updates: [] };
}

/** Writes into the file what was held by the newest update: a file of before an incident does not know of it. */
function keepHolds({ settings, options, file, report }: Context, newest: Newest | undefined): void {
  const holds = missingHolds(newest?.settings?.heldFlags ?? {}, settings.heldFlags);
  if (Object.keys(holds).length === 0) return;
  report.say(`held, and written into the file: ${Object.keys(holds).join(", ")}`);
  if (!options.dryRun) writeStackFile(file.path, { heldFlags: { ...settings.heldFlags, ...holds } });
}

/** Applies the last good release once more, over what a killed or failed update left half done. */
export async function heal(operation: Operation): Promise<void> {
  const { ctx, current, why } = operation;
  try {
    await ctx.report.step(`apply serial ${current.serial} again: ${why}`, (entry) =>
      up(operation, { step: "reapply", release: current, reason: why }, entry),
    );
  } catch (error) {
    throw failureFrom(error, "The release as applied could not be applied again", exitCodes.unexpected);
  }
}

/** One step: the release to apply and, where they change with it, flags and sizing. */
export interface Change {
  step: Step | "reapply" | "flags";
  release: Release;
  flags?: WrittenFlags;
  sizing?: WrittenSizing;
  heldFlags?: Settings["heldFlags"];
  /** Why, for the update's message. */
  reason?: string;
  /** Whether it is part of a way back, which no policy may hold up. Default: by its step. */
  isWayBack?: boolean;
}

/** Steps that only ever lead back to safety. */
const waysBack: readonly Change["step"][] = ["pause", "rollback", "reapply"];

/**
 * Writes the stack file and applies it; `current` is the new release afterwards. On failure the file is put back, unless
 * the program had published the release by then: it was applied but for what is deleted last, and one more `up` of it
 * finishes that. A downgrade first waits for the workers to be gone; after a step that changes the schema the database is
 * compared with what was proved.
 */
export async function apply(operation: Operation, change: Change): Promise<ChangedResource[]> {
  const { step, release } = change;
  const { report } = operation.ctx;
  if (step === "downgrade") await awaitWorkersGone(operation.ctx, release);
  const changed = await applyOnce();
  if (changesSchema(step) && release.migration) await verifySchema(operation.ctx, release.migration.revision);
  return changed;

  async function applyOnce(): Promise<ChangedResource[]> {
    try {
      return await report.step(`${step}: pulumi up, ${describeRelease(release)}`, (entry) =>
        up(operation, change, entry),
      );
    } catch (error) {
      if (!(error instanceof UpdateFailed) || operation.current.serial !== release.serial) throw error;
      report.warn(`the update failed after the release was applied: ${error.message}`);
      return report.step(`${step}: pulumi up once more`, (entry) => up(operation, change, entry));
    }
  }
}

async function up(
  operation: Operation,
  change: Change,
  entry: Record<string, unknown>,
): Promise<ChangedResource[]> {
  const { ctx, lease, version } = operation;
  const { step, release, flags, sizing, heldFlags, reason } = change;
  await lease.check();
  await refuseIrreversible(ctx, operation.current, release);
  const before = readFileSync(ctx.file.path, "utf8");
  const written = writeStackFile(ctx.file.path, {
    release,
    ...(flags ? { flags } : {}),
    ...(sizing ? { sizing } : {}),
    ...(heldFlags ? { heldFlags } : {}),
  });
  entry.step = step;
  entry.serial = release.serial;
  try {
    const line = `${ctx.command}${version ? ` ${version}` : ""}: ${step}, ${describeRelease(release)}`;
    const message = writeMessage(line, {
      operation: ctx.command,
      id: lease.id,
      ...(version ? { version } : {}),
      step,
      actor: ctx.options.actor,
      ...((reason ?? ctx.options.reason) ? { reason: reason ?? ctx.options.reason } : {}),
    });
    const changed = await upWhenFree(operation, message, change.isWayBack ?? waysBack.includes(step));
    operation.current = release;
    operation.reapply = false;
    operation.updates.push({ step, serial: release.serial, changed });
    entry.changed = changed.length;
    return changed;
  } catch (error) {
    // Asked without the abort signal: also an interrupted update may have got as far as that.
    const reached = await ctx.parameters.read(paths.release(ctx.stack)).catch(() => undefined);
    const isRefused = error instanceof Failure && error.exitCode === exitCodes.refused;
    if (!isRefused && reached !== undefined && diff(JSON.parse(reached), release).length === 0)
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
    ctx.report.warn(
      `${ctx.file.path} was edited meanwhile and is left as it is; \`make sync\` puts the applied release into it.`,
    );
    return;
  }
  replaceFile(ctx.file.path, before);
  writeStackFile(ctx.file.path, { release: current });
}

/** A release in one line. */
export function describeRelease(release: Release): string {
  const slot = (name: "blue" | "green") => `${name} ${release.slots[name]?.version ?? "empty"}`;
  const weight = release.canaryWeight > 0 ? `, canary ${release.canaryWeight} %` : "";
  return `serial ${release.serial}: ${slot("blue")}, ${slot("green")}, live ${release.live}${weight}${release.traffic === "paused" ? ", paused" : ""}`;
}
