import { missingHolds } from "../../decisions/flags/heldFlags";
import { newestSucceeded, type Newest } from "../../decisions/stack/history";
import { startingPoint } from "../../decisions/stack/startingPoint";
import { readPublished, type Context } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import { makeLine } from "../shell/options";
import { writeStackFile } from "../ports/stackFile";
import { heal } from "./apply";
import { takeLease, type HeldLease } from "./lease";
import { describeRelease, type Operation } from "./operation";

/** How {@link operate} begins. */
export interface OperateOptions {
  /** What the operation is, in its lease and in the update messages. Default: the command's name. */
  name?: string;
  /** Version that it is about. */
  version?: string | undefined;
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
    await lease.giveBack();
  }
}

/** What stands in for a lease while nothing is changed. */
const noLease: HeldLease = {
  id: "",
  check: () => Promise.reject(new Error("a dry run reached a change")),
  giveBack: () => Promise.resolve(),
};

function leaseFor(ctx: Context, { name, version, interrupts }: OperateOptions): Promise<HeldLease> {
  const { output, command, parameters, stack, signal, options, clock } = ctx;
  return takeLease({
    parameters,
    stack,
    operation: name ?? command,
    version,
    actor: options.actor,
    output,
    signal,
    clock,
    lost: ctx.abort,
    interrupts,
  });
}

/** Reads history, pending operations and parameters at once, and says which release is the applied one. */
async function open(ctx: Context, lease: HeldLease, options: OperateOptions): Promise<Operation> {
  const [history, published] = await Promise.all([ctx.engine.history(), readPublished(ctx)]);
  const pending = history.length > 0 ? await ctx.engine.pending() : [];
  const newest = newestSucceeded(history);
  const state = startingPoint({
    newest,
    newestEntry: history[0],
    pendingOperations: pending.length > 0,
    deadLease: lease.previous !== undefined,
    published: published.release,
    file: ctx.settings.release,
  });
  if (!state.ok)
    throw new Failure(exitCodes.refused, state.reasons.join("\n"), { next: makeLine(ctx.stack, "status") });
  const { release: current, reapply } = state;
  ctx.output.say(`applied is ${describeRelease(current)}`);
  for (const line of state.why) ctx.output.say(line);
  if (state.writeFile && !ctx.options.dryRun) writeStackFile(ctx.file.path, { release: current });
  keepHolds(ctx, newest);
  const { name = ctx.command, version, lockPatience = 0 } = options;
  const why = state.why.join(" ");
  return { ctx, name, lease, current, history, published, reapply, why, version, lockPatience, updates: [] };
}

/** Writes into the file what was held by the newest update: a file of before an incident does not know of it. */
function keepHolds({ settings, options, file, output }: Context, newest: Newest | undefined): void {
  const holds = missingHolds(newest?.settings?.heldFlags ?? {}, settings.heldFlags);
  if (Object.keys(holds).length === 0) return;
  output.say(`held, and written into the file: ${Object.keys(holds).join(", ")}`);
  if (!options.dryRun) writeStackFile(file.path, { heldFlags: { ...settings.heldFlags, ...holds } });
}
