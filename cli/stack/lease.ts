import { randomUUID } from "node:crypto";
import { describeLease, leaseState, type Lease } from "../../decisions/stack/lease";
import { parameters as paths } from "../../decisions/stack/names";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import { systemClock, type Clock } from "../ports/clock";
import type { Parameters } from "../ports/parameters";
import { LeaseStore } from "./leaseStore";
import { here } from "../../repository/stack/process";
import { endProcess, isCommandProcess } from "./process";
import type { Output } from "../shell/output";
import { makeLine } from "../shell/options";

/** Pause between two heartbeats, milliseconds; a lease without one for 30 s is dead. */
const heartbeatPause = 5_000;
/** How long a rollback waits for an operation on another host to stop, milliseconds. */
const otherHostPatience = 30_000;
/** Pause between two polls for that, milliseconds. */
const otherHostPause = 1_000;
/** How long an operation on this host may take to stop by itself, seconds. */
const sameHostPatience = 10;
/** Pause after which the last of two that took over the same dead lease is the only one, milliseconds. */
const takeOverPause = 150;

/** A lease that this process holds: one operation at a time on a stack. */
export interface HeldLease {
  readonly id: string;
  /** The lease that was taken over, with which a lock left behind may be cleared. */
  readonly previous?: Lease | undefined;
  /** Throws held (7) when the lease is no longer ours. To be asked before each change. */
  check(): Promise<void>;
  /** Gives it back; never throws. */
  giveBack(): Promise<void>;
}

/** Arguments of {@link takeLease}. */
export interface LeaseArgs {
  parameters: Parameters;
  stack: string;
  /** Name of the operation. */
  operation: string;
  version?: string | undefined;
  actor: string;
  output: Output;
  signal: AbortSignal;
  /** Default: this machine's. */
  clock?: Clock;
  /** Called when the lease is lost while the command runs. */
  lost: (reason: Failure) => void;
  /** Parameter of the lease. Default: the stack's own, of which a release is one. */
  path?: string;
  /** Whether a live operation may be ended: a rollback may end anything but a downgrade or another rollback. */
  interrupts?: boolean | undefined;
}

/** Operations that a rollback never ends: half a downgrade is worse than a late one. */
const untouchable = new Set(["rollback", "downgrade"]);

/** Takes the stack's lease, or throws held (7) with who has it, since when and what to do. */
export async function takeLease(args: LeaseArgs): Promise<HeldLease> {
  const { parameters, stack, operation, version, actor, output, signal, clock = systemClock } = args;
  const store = new LeaseStore(parameters, args.path ?? paths.lease(stack));
  const now = () => clock.now().toISOString();
  const since = now();
  const own = { id: randomUUID(), operation, version, actor, host: here.host, pid: process.pid, since };
  const fresh = (): Lease => ({ ...own, heartbeat: now() });

  let previous: Lease | undefined;
  while (!(await store.create(fresh()))) {
    const other = await store.read();
    if (!other) continue;
    if (leaseState(other, clock.now(), here) === "live") {
      if (!args.interrupts || untouchable.has(other.operation)) throw heldBy(other, stack);
      await evictHolder(other, store, { ...args, clock });
    }
    previous = other;
    await store.write(fresh());
    await clock.wait(takeOverPause, signal);
    if ((await store.read())?.id === own.id) {
      output.say(`took over the lease of ${describeLease(other)}`);
      break;
    }
  }
  return new Held(store, args, fresh, previous);
}

/** The lease while it is ours: writes a heartbeat every few seconds. */
class Held implements HeldLease {
  readonly id: string;
  private readonly heartbeat: NodeJS.Timeout;

  constructor(
    private readonly store: LeaseStore,
    private readonly args: Pick<LeaseArgs, "stack" | "output" | "lost">,
    private readonly fresh: () => Lease,
    readonly previous: Lease | undefined,
  ) {
    this.id = fresh().id;
    this.heartbeat = setInterval(() => void this.beat(), heartbeatPause).unref();
  }

  async check(): Promise<void> {
    const current = await this.store.read();
    const next = makeLine(this.args.stack, "status");
    if (current?.id !== this.id)
      throw new Failure(
        exitCodes.held,
        current
          ? `The lease was taken by ${describeLease(current)}.`
          : "The lease is gone: somebody deleted it.",
        { next },
      );
    if (current.cancelled)
      throw new Failure(exitCodes.held, "This operation was cancelled by a rollback.", { next });
  }

  async giveBack(): Promise<void> {
    clearInterval(this.heartbeat);
    try {
      if ((await this.store.read())?.id === this.id) await this.store.remove();
    } catch (error) {
      this.args.output.warn(
        `the lease could not be given back (${messageOf(error)}); it is dead once this process has ended`,
      );
    }
  }

  private async beat(): Promise<void> {
    try {
      await this.check();
      await this.store.write(this.fresh());
    } catch (error) {
      if (error instanceof Failure) this.args.lost(error);
      else this.args.output.warn(`the lease's heartbeat failed: ${messageOf(error)}`);
    }
  }
}

/** Makes a live operation stop: its process on this host, or by a mark in its lease on another one. */
async function evictHolder(
  holder: Lease,
  store: LeaseStore,
  { stack, output, signal, clock }: Pick<LeaseArgs, "stack" | "output" | "signal"> & { clock: Clock },
): Promise<void> {
  output.warn(`ending ${describeLease(holder)}`);
  if (holder.host === here.host && isCommandProcess(holder.pid)) {
    if (await endProcess(holder.pid, sameHostPatience)) return;
    throw heldBy(holder, stack);
  }
  const until = clock.now().getTime() + otherHostPatience;
  for (;;) {
    const current = await store.read();
    if (current?.id !== holder.id || leaseState(current, clock.now(), here) === "dead") return;
    if (clock.now().getTime() > until) throw heldBy(current, stack);
    // Written again each time: a heartbeat that was under way may have overwritten the mark.
    if (!current.cancelled) await store.write({ ...current, cancelled: true });
    await clock.wait(otherHostPause, signal);
  }
}

function heldBy(other: Lease, stack: string): Failure {
  return new Failure(
    exitCodes.held,
    `Another operation holds stack ${stack}: ${describeLease(other)}. Nothing was changed.`,
    {
      next: makeLine(stack, "status"),
      details: { lease: other },
    },
  );
}
