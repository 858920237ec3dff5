import { hostname } from "node:os";
import { leaseVariable } from "../../decisions/stack/names";
import type { Context } from "../shell/context";
import { exitCodes, Failure } from "../shell/failure";
import type { Operation } from "./operation";
import { makeLine } from "../shell/options";
import {
  StackLocked,
  UpdateFailed,
  type ChangedResource,
  type LockOwner,
  type UpArgs,
} from "../ports/engine";
import { isAlive } from "../../repository/stack/process";
import { isProgram, runsUnderLease } from "./process";

/** Pulumi's own lock on the stack: waited for while its owner lives, cleared once that is proved dead. */

/** `pulumi up`, after clearing a lock that a dead process left, or waiting for somebody else's update as long as is meant. */
export async function upWhenFree(
  operation: Operation,
  update: Pick<UpArgs, "message" | "isRollback">,
): Promise<ChangedResource[]> {
  const { ctx, lease } = operation;
  const now = () => ctx.clock.now().getTime();
  const until = now() + operation.lockPatience * 1000;
  let hasWaited = false;
  for (let cleared = 0; ;) {
    ctx.signal.throwIfAborted();
    try {
      return await ctx.engine.up({
        ...update,
        lease: lease.id,
        output: (line) => process.stderr.write(`  pulumi | ${line}\n`),
        signal: ctx.stopUpdates,
      });
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (error instanceof UpdateFailed && error.kind === "refused")
        throw hasWaited
          ? new Overtaken(error)
          : new Failure(exitCodes.refused, error.message, { cause: error });
      if (!(error instanceof StackLocked)) throw error;
      if (cleared < mostClears && (await clearLock(operation, error))) cleared++;
      else if (now() > until) throw locked(ctx, error);
      else {
        hasWaited = true;
        ctx.output.say(`waiting for the update that is running: ${error.message}`);
        await ctx.clock.wait(lockPause, ctx.signal);
      }
    }
  }
}

/** While this operation waited, somebody else's update made another step: what is left has to be planned anew. */
export class Overtaken extends Failure {
  constructor(cause: UpdateFailed) {
    super(exitCodes.refused, cause.message, { cause });
  }
}

/** Locks that are cleared for one update; one that comes back more often has a living owner. */
const mostClears = 3;
/** Pause before the next try while somebody else's update runs, milliseconds. */
const lockPause = 2_000;

/** Seconds that an orphaned `pulumi` may take to finish what it had under way. */
const orphanSeconds = 60;

/** Clears the lock if its owner is proved dead, or belonged to the operation that was taken over; says whether it did. */
async function clearLock({ ctx, lease }: Operation, lock: StackLocked): Promise<boolean> {
  const { previous } = lease;
  const orphans = lock.owners.filter((owner) => isOrphan(owner, previous?.id));
  const dead = (owner: LockOwner) =>
    owner.host === hostname() && owner.pid !== undefined
      ? !isAlive(owner.pid) || !isProgram(owner.pid, "pulumi")
      : previous !== undefined && previous.host === owner.host;
  const proved =
    lock.owners.length > 0
      ? lock.owners.every((owner) => orphans.includes(owner) || dead(owner))
      : previous !== undefined;
  if (!proved) return false;
  for (const { pid } of orphans) {
    if (pid === undefined) continue;
    ctx.output.warn(`ending the update that was left running (pid ${pid}); it finishes what it has begun`);
    process.kill(pid, "SIGINT");
    const until = ctx.clock.now().getTime() + orphanSeconds * 1000;
    while (isAlive(pid) && ctx.clock.now().getTime() < until) await ctx.clock.wait(100, ctx.signal);
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  }
  ctx.output.warn(`clearing a lock whose owner is dead: ${lock.message}`);
  await ctx.engine.unlock();
  return true;
}

const isOrphan = (owner: LockOwner, previousLease: string | undefined): boolean =>
  owner.pid !== undefined &&
  owner.host === hostname() &&
  previousLease !== undefined &&
  isAlive(owner.pid) &&
  runsUnderLease(owner.pid, leaseVariable, previousLease);

const locked = (ctx: Context, lock: StackLocked): Failure =>
  new Failure(exitCodes.held, `${lock.message} That update is running; nothing was changed.`, {
    next: makeLine(ctx.stack, "status"),
    cause: lock,
    details: { lock: lock.owners },
  });
