import { randomUUID } from "node:crypto";
import { describeLease, leaseState, type Lease } from "../../decisions/stack/lease";
import { parameters as paths } from "../../decisions/stack/names";
import { exitCodes, Failure, messageOf } from "../shell/failure";
import type { Parameters } from "../ports/parameters";
import { endProcess, here, isCommandProcess } from "./process";
import type { Output } from "../shell/output";
import { makeLine } from "../shell/options";
import { wait } from "../shell/wait";

/** Pause between two heartbeats, milliseconds; a lease without one for 30 s is dead. */
const heartbeatPause = 5_000;
/** How long a rollback waits for an operation on another host to give way, milliseconds. */
const otherHostPatience = 30_000;
/** How long an operation on this host may take to stop by itself, seconds. */
const sameHostPatience = 10;

/** A lease that this process holds: one operation at a time on a stack. */
export interface HeldLease {
  readonly id: string;
  /** The lease that was taken over, with which a lock left behind may be cleared. */
  readonly previous?: Lease;
  /** Throws held (7) when the lease is no longer ours. To be asked before each change. */
  check(): Promise<void>;
  /** Gives it back; never throws. */
  giveBack(): Promise<void>;
}

/** Arguments of {@link takeLease}. */
export interface LeaseArgs {
  parameters: Parameters;
  stack: string;
  /** Name of the command. */
  operation: string;
  version?: string;
  actor: string;
  output: Output;
  signal: AbortSignal;
  /** Called when the lease is lost while the command runs. */
  lost: (reason: Failure) => void;
  /** Parameter of the lease. Default: the stack's own, of which a release is one. */
  path?: string;
  /** Whether a live operation may be ended: a rollback may end anything but a downgrade or another rollback. */
  interrupts?: boolean;
}

/** Operations that a rollback never ends: half a downgrade is worse than a late one. */
const untouchable = new Set(["rollback", "downgrade"]);

/** Takes the stack's lease, or throws held (7) with who has it, since when and what to do. */
export async function takeLease(args: LeaseArgs): Promise<HeldLease> {
  const { parameters, stack, operation, version, actor, output, signal, interrupts = false } = args;
  const path = args.path ?? paths.lease(stack);
  const now = () => new Date().toISOString();
  const mine: Lease = {
    id: randomUUID(),
    operation,
    ...(version ? { version } : {}),
    actor,
    host: here.host,
    pid: process.pid,
    since: now(),
    heartbeat: now(),
  };
  const write = () => JSON.stringify({ ...mine, heartbeat: now() });
  const read = async (): Promise<Lease | undefined> => {
    const text = await parameters.read(path);
    return text === undefined ? undefined : (JSON.parse(text) as Lease);
  };

  let previous: Lease | undefined;
  while (!(await parameters.create(path, write()))) {
    const other = await read();
    if (!other) continue;
    if (leaseState(other, new Date(), here) === "live") {
      if (!interrupts || untouchable.has(other.operation)) throw heldBy(other, stack);
      await giveWay(other);
    }
    previous = other;
    await parameters.put(path, write());
    // Two that take over the same dead lease both write; after this pause the last one is the only one.
    await wait(150, signal);
    if ((await read())?.id === mine.id) {
      output.say(`took over the lease of ${describeLease(other)}`);
      break;
    }
  }

  const check = async () => {
    const current = await read();
    if (current?.id !== mine.id)
      throw new Failure(
        exitCodes.held,
        current
          ? `The lease was taken by ${describeLease(current)}.`
          : "The lease is gone: somebody deleted it.",
        { next: makeLine(stack, "status") },
      );
    if (current.cancelled)
      throw new Failure(exitCodes.held, "This operation was cancelled by a rollback.", {
        next: makeLine(stack, "status"),
      });
  };

  const beat = setInterval(() => {
    check()
      .then(() => parameters.put(path, write()))
      .catch((error: unknown) => {
        if (error instanceof Failure) args.lost(error);
        else output.warn(`the lease's heartbeat failed: ${messageOf(error)}`);
      });
  }, heartbeatPause);
  beat.unref();

  return {
    id: mine.id,
    ...(previous ? { previous } : {}),
    check,
    async giveBack() {
      clearInterval(beat);
      try {
        if ((await read())?.id === mine.id) await parameters.remove(path);
      } catch (error) {
        output.warn(
          `the lease could not be given back (${messageOf(error)}); it is dead once this process has ended`,
        );
      }
    },
  };

  /** Makes a live operation stop: its process on this host, or by a mark in its lease on another one. */
  async function giveWay(other: Lease): Promise<void> {
    output.warn(`ending ${describeLease(other)}`);
    if (other.host === here.host && isCommandProcess(other.pid)) {
      if (await endProcess(other.pid, sameHostPatience)) return;
      throw heldBy(other, stack);
    }
    const until = Date.now() + otherHostPatience;
    for (;;) {
      const current = await read();
      if (current?.id !== other.id || leaseState(current, new Date(), here) === "dead") return;
      if (Date.now() > until) throw heldBy(current, stack);
      // Written again each time: a heartbeat that was under way may have overwritten the mark.
      if (!current.cancelled) await parameters.put(path, JSON.stringify({ ...current, cancelled: true }));
      await wait(1000, signal);
    }
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
